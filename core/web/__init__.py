"""What stands between the network and the desk: the login gate and the HTTP routes."""
