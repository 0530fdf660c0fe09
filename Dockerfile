# The flow as an image. pip's default torch runs on CPUs and, where the container is given GPUs, on CUDA.
# TORCH_INDEX chooses another build: an index of wheels that PyTorch's install page names, for CPUs alone or one CUDA.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ARG TORCH_INDEX=
ENV PIP_EXTRA_INDEX_URL=${TORCH_INDEX} PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/sealwax
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip /opt/sealwax/bin/pip install '.[postgres]'

FROM python:${PYTHON}-slim
# tini passes SIGTERM on to the supervisor, which drains the flow; as process 1 a shell would not.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/sealwax --create-home sealwax
COPY --from=build /opt/sealwax /opt/sealwax
ENV PATH=/opt/sealwax/bin:$PATH PYTHONUNBUFFERED=1 SEALWAX_STATE__DIRECTORY=/var/lib/sealwax/state
USER sealwax
WORKDIR /var/lib/sealwax
VOLUME /var/lib/sealwax
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/metrics', timeout=4)"]
ENTRYPOINT ["tini", "--", "sealwax"]
CMD ["run"]
