# Everything that is installed is pinned by hash. The vault writes below /data only, so the rest may be read-only:
#   docker run --read-only --tmpfs /tmp -v kin:/data -e KIN_DATABASE_URL=… -e KIN_KEYRING=/data/keyring.json -p 8080:8080 kin

FROM python:3.11-slim AS wheel
WORKDIR /source
COPY requirements-dev.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN python -m hatchling build -t wheel -d /wheel

FROM python:3.11-slim AS environment
COPY requirements.lock .
RUN python -m venv /opt/kin && /opt/kin/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY --from=wheel /wheel /wheel
RUN /opt/kin/bin/pip install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.11-slim
ENV PATH=/opt/kin/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin kin \
 && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=environment /opt/kin /opt/kin
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=3)"]
ENTRYPOINT ["kin"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
