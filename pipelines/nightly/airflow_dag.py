"""Brings every corpus up to date that was refreshed before: one task that calls the command.

The first refresh of a corpus is by hand, on the worker: `KODATA_HOME=/var/lib/kodata kodata refresh alpaca-ko
--budget 150`. Keys are Airflow variables. Airflow does not retry: the refresh does so itself, and what is left open is
asked on the next night.
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG(
    "kodata_refresh",
    schedule="17 18 * * *",  # UTC: 3:17 in Seoul
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="refresh",
        bash_command="/opt/kodata/bin/kodata refresh --budget 5 --timeout 300 --keep 7",
        env={
            "KODATA_HOME": "/var/lib/kodata",
            "DEEPL_AUTH_KEY": "{{ var.value.deepl_api_key }}",
            "OPENAI_API_KEY": "{{ var.value.openai_api_key }}",
        },
        append_env=True,
        retries=0,
        skip_on_exit_code=7,  # a batch is out, the next night collects it
        execution_timeout=timedelta(minutes=310),  # more than --timeout
    )
