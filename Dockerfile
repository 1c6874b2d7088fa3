FROM node:22-slim AS browser
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY --from=browser /app/node_modules node_modules
COPY . .
RUN useradd --create-home crm && mkdir -p /data/files && chown -R crm /data
USER crm
ENV VAR_DIR=/data
RUN python manage.py messages --compile \
 && python manage.py collectstatic --noinput --verbosity 0 \
 && rm -f /data/secret_key
EXPOSE 8000
CMD ["gunicorn", "crm.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8"]
