FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt ./
RUN pip install --quiet -r requirements.txt

COPY . .
RUN useradd --system --no-create-home --home-dir /app desk \
 && install -d -o desk -g desk -m 0700 data/var
USER desk

VOLUME /app/data/var
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s CMD \
  ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]

# Inside the container the desk listens on every interface, so it starts with a login only: set
# CONVERGENCE_PASSWORD_HASH or the CONVERGENCE_OIDC_ settings. `exec` form, so that SIGTERM reaches it and it stops cleanly.
CMD ["streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
