# One image for every service of docker-compose.yml, from the lock that `make setup` installs.
FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH DO_NOT_TRACK=1
WORKDIR /opt/street

# The lock alone first: the layer is made anew only when it changes. It is compiled here: `street` may not write beside
# the packages, and each of Airflow's processes would compile what it imports. A company mirror: --build-arg, for pip and for uv.
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
COPY requirements-uv.lock requirements.lock ./
RUN python -m venv /opt/venv \
 && python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-uv.lock \
 && uv pip sync --no-cache --compile-bytecode --python /opt/venv/bin/python --require-hashes requirements.lock

COPY . .
RUN uv pip install --no-cache --python /opt/venv/bin/python --no-deps --no-build-isolation --editable . \
 && useradd --uid 1000 --no-create-home street \
 && install --directory --owner=street --mode=0700 /var/lib/street /var/lib/street/reports \
 && install --directory --owner=street /srv/inbox
USER street
