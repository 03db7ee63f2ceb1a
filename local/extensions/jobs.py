"""Glue Spark jobs run, or fail: none is reported SUCCEEDED without running.

On AWS a `glueetl` run executes the job's script with `--NAME value` arguments in sys.argv, under the job's role; more runs than
MaxConcurrentRuns (default 1) give ConcurrentRunsExceededException, or wait where the job says so; stopping a run ends it. The
emulator, without Docker, marks such runs SUCCEEDED at once. Here the script is a process of the interpreter in TIDEGATE_SPARK_PYTHON;
without one the run FAILS. Spark's machines are the cores of this one; TIDEGATE_SPARK_OPTIONS may say otherwise, in the words of
spark-submit.
"""

import contextvars
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, get_region, json_response, new_uuid
from ministack.services import glue

from local.extensions import roles

ACTIVE = ("STARTING", "RUNNING", "STOPPING")
REMEMBERED = ("ExecutionProperty", "JobRunQueuingEnabled")  # fields of a job that the emulator does not keep
#: A job of the laptop is over before the second compiler has paid for itself: without it a small one takes half the processor time.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
KEPT = ("PATH", "HOME", "LANG", "JAVA_HOME", "SSL_CERT_FILE")
POLL_SECONDS = 0.2
CAUSE_CHARACTERS = 4_000

Run = dict[str, Any]
_places = threading.Lock()


def install() -> None:
    """Take over starting and defining jobs."""
    start, create, update = glue._start_job_run, glue._create_job, glue._update_job

    def start_job_run(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        job = glue._jobs.get(data.get("JobName"))
        return _start(job, data) if job and glue._is_spark_job(job) else start(data)

    def create_job(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        answer = create(data)
        _remember_property(data.get("Name"), data)
        return answer

    def update_job(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        answer = update(data)
        _remember_property(data.get("JobName"), data.get("JobUpdate") or {})
        return answer

    stop = glue._batch_stop_job_run

    def batch_stop_job_run(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        with _places:
            for run in glue._job_runs.get(data.get("JobName"), []):
                if run["Id"] in data.get("JobRunIds", ()) and run["JobRunState"] == "WAITING":
                    run["JobRunState"] = "STARTING"  # the emulator stops no other
            return stop(data)

    glue._start_job_run, glue._create_job, glue._update_job = start_job_run, create_job, update_job
    glue._batch_stop_job_run = batch_stop_job_run
    _keep_property_of_templates()


def _keep_property_of_templates() -> None:
    """The emulator's CloudFormation passes on the fields it lists; it does not list these."""
    from ministack.services.cloudformation import provisioners

    provisioners._GLUE_JOB_DEFAULTS |= {"ExecutionProperty": {"MaxConcurrentRuns": 1}, "JobRunQueuingEnabled": False}


def _remember_property(name: str | None, fields: dict[str, Any]) -> None:
    if name in glue._jobs:
        glue._jobs[name] |= {field: fields[field] for field in REMEMBERED if field in fields}


def _start(job: dict[str, Any], data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
    name, runs = job["Name"], glue._job_runs.setdefault(job["Name"], [])
    allowed = int((job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1))
    queued = str(job.get("JobRunQueuingEnabled", False)).lower() == "true"
    if _active(runs) >= allowed and not queued:
        return error_response_json("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}", 400)
    now = int(time.time())
    state = "WAITING" if queued else "STARTING"
    run_id = f"jr_{new_uuid().replace('-', '')}"
    workers = int(data.get("NumberOfWorkers") or job.get("NumberOfWorkers", 2))
    run: Run = {
        "Id": run_id, "Attempt": 0, "JobName": name, "StartedOn": now, "LastModifiedOn": now, "JobRunState": state,
        "Arguments": data.get("Arguments") or {}, "PredecessorRuns": [], "ExecutionTime": 0, "NumberOfWorkers": workers,
        "Timeout": int(data.get("Timeout") or job.get("Timeout", 2880)), "WorkerType": data.get("WorkerType") or job.get("WorkerType"),
        "GlueVersion": job.get("GlueVersion"), "LogGroupName": "/aws-glue/jobs",
    }  # fmt: skip
    runs.append(run)
    arguments = {**(job.get("DefaultArguments") or {}), **run["Arguments"], **(job.get("NonOverridableArguments") or {})}
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, job, run, arguments, allowed), daemon=True).start()
    return json_response({"JobRunId": run_id})


def _active(runs: list[Run]) -> int:
    return sum(run["JobRunState"] in ACTIVE for run in runs)


def _wait_for_a_place(job: dict[str, Any], run: Run, allowed: int) -> None:
    """Let a queued run wait until fewer are active; the one that waits longest goes first."""
    runs = glue._job_runs[job["Name"]]
    while run["JobRunState"] == "WAITING":
        with _places:
            first = next(r for r in runs if r["JobRunState"] == "WAITING")
            if first is run and _active(runs) < allowed:
                run["JobRunState"] = "STARTING"
                return
        time.sleep(POLL_SECONDS)


def _run(job: dict[str, Any], run: Run, arguments: dict[str, str], allowed: int) -> None:
    """Run the script to its end, and write that end into the run; a run stopped meanwhile stays STOPPED."""
    _wait_for_a_place(job, run, allowed)
    try:
        state, message = _execute(job, run, arguments) if run["JobRunState"] != "STOPPED" else ("STOPPED", "")
    except Exception as error:  # noqa: BLE001 - a run always ends, with a reason
        state, message = "FAILED", f"{type(error).__name__}: {error}"
    if run["JobRunState"] != "STOPPED":
        run["JobRunState"] = state
    if message:
        run["ErrorMessage"] = message
    run["CompletedOn"] = run["LastModifiedOn"] = int(time.time())
    run["ExecutionTime"] = run["CompletedOn"] - run["StartedOn"]


def _execute(job: dict[str, Any], run: Run, arguments: dict[str, str]) -> tuple[str, str]:
    python = os.environ.get("TIDEGATE_SPARK_PYTHON")
    if not python:
        return "FAILED", "this laptop has no Spark: run `make spark` and start the local AWS again"
    location = (job.get("Command") or {}).get("ScriptLocation", "")
    script = _script(location)
    if script is None:
        return "FAILED", f"the script {location} does not exist"
    run["JobRunState"] = "RUNNING"
    pairs = {"--JOB_NAME": job["Name"], "--JOB_RUN_ID": run["Id"], **arguments}
    with tempfile.TemporaryDirectory(prefix="tidegate-glue-") as folder:
        path, log = Path(folder, Path(location).name), Path(folder, "log")
        path.write_bytes(script)
        with log.open("wb") as output:
            environment = _environment(job, run)
            _configure_spark(Path(folder), environment)
            words = [text for pair in pairs.items() for text in map(str, pair) if text]
            process = subprocess.Popen(  # noqa: S603 - the job's own script
                [python, str(path), *words], cwd=folder, env={**environment, **_folders(folder)},
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            state = _wait(process, run)
        return state, "" if state == "SUCCEEDED" else log.read_text(errors="replace")[-CAUSE_CHARACTERS:]


def _folders(folder: str) -> dict[str, str]:
    """Whatever a job leaves behind, killed or not, goes with its folder, as it goes with its machine on AWS."""
    return {"SPARK_CONF_DIR": folder, "SPARK_LOCAL_DIRS": folder, "TMPDIR": folder}


def _configure_spark(folder: Path, environment: dict[str, str]) -> None:
    """Every machine of a job has its role, as the driver has; a command line is everybody's to read."""
    spread = [f"spark.executorEnv.{name} {value}\n" for name, value in environment.items() if name.startswith("AWS_")]
    java = [f"spark.{which}.extraJavaOptions {JAVA}\n" for which in ("driver", "executor")]
    (folder / "spark-defaults.conf").write_text(
        "".join(["spark.ui.enabled false\n", "spark.driver.host 127.0.0.1\n", *java, *spread])
    )


def _wait(process: subprocess.Popen[bytes], run: Run) -> str:
    """The state that the process, the clock or a stop gave the run."""
    deadline = time.monotonic() + 60 * run["Timeout"]
    while process.poll() is None:
        stopped, late = run["JobRunState"] == "STOPPED", time.monotonic() > deadline
        if stopped or late:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "STOPPED" if stopped else "TIMEOUT"
        time.sleep(POLL_SECONDS)
    return "SUCCEEDED" if process.returncode == 0 else "FAILED"


def _environment(job: dict[str, Any], run: Run) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name in KEPT or name.startswith("TIDEGATE_")},
        "PYSPARK_PYTHON": os.environ["TIDEGATE_SPARK_PYTHON"],
        "PYSPARK_SUBMIT_ARGS": f"{os.environ.get('TIDEGATE_SPARK_OPTIONS') or '--master local[*]'} pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        "AWS_REGION": get_region(),
        "AWS_DEFAULT_REGION": get_region(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **roles.credentials(str(job.get("Role", "")), run["Id"][:64]),
    }


def _script(location: str) -> bytes | None:
    from ministack.services import s3

    bucket, _, key = location.removeprefix("s3://").partition("/")
    body: bytes | None = s3._get_object_data(bucket, key)
    return body
