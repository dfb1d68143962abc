#!/usr/bin/env bash
# Run the DAG of a recipe once, from end to end, on local Spark: run_test.sh [RECIPE]
# The database, the logs and the run itself live in a temporary folder; nothing of an existing Airflow is touched.
# VENV and AIRFLOW name the two environments (`make airflow-test` sets them).
set -euo pipefail
cd "$(dirname "$0")/.."

spark=$(realpath "${VENV:-.venv}")/bin
airflow=$(realpath "${AIRFLOW:-.airflow-venv}")/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export AIRFLOW_HOME=$work/airflow
export AIRFLOW__CORE__DAGS_FOLDER=$PWD/airflow_dags
export AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False
export AIRFLOW_CONN_SPARK_LOCAL='{"conn_type": "spark", "host": "local[2,4]", "extra": {"spark-binary": "spark-submit", "deploy-mode": "client"}}'
export WOOLMILL_SPARK_CONNECTION=spark_local
export WOOLMILL_RETRIES=0  # a failure here is a fault to look at, not one to wait out
export SPARK_LOCAL_IP=127.0.0.1
WOOLMILL_RECIPE=$(realpath "${1:-conf/demo.yaml}")
JAVA_HOME=$("$spark/python" -m jobs.java)
export WOOLMILL_RECIPE JAVA_HOME
# Airflow's environment holds a Spark client without spark-submit; python3 and spark-submit must be those of the product.
export PATH=$spark:$PATH

"$airflow/airflow" db migrate
dag=$(cd airflow_dags && "$airflow/python" -c 'import crawl; print(crawl.dag.dag_id)' | tail -n 1)
"$airflow/airflow" dags test "$dag" --conf "{\"output_path\": \"$work/runs\"}" 2>&1 | tee "$work/log"
