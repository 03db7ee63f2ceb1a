"""`tidegate cost`: what a workload would cost at list prices, and what the runs in the ledger did."""

import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Annotated, Any

import typer

from tidegate import bootstrap
from tidegate.cli.look import DatasetOption, JsonFlag, datasets_of
from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.stack import Stack
from tidegate.cost import data
from tidegate.cost.actual import Spent, spent
from tidegate.cost.bill import DAYS_A_MONTH, Service, standing
from tidegate.cost.deployment import Deployment
from tidegate.cost.model import Estimate, Model
from tidegate.cost.workload import Workload
from tidegate.errors import NotFound
from tidegate.model.runs import timestamp

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Z]*)", re.ASCII)
_CENT_PARTS = Decimal("0.0001")
_DAYS_KEPT = 30
_DAY = 86_400_000_000  # microseconds


def cost(  # one word, two questions: each has options of its own
    context: typer.Context,
    files_per_day: Annotated[int | None, typer.Option(min=1, help="Files a day, to all datasets together, evenly spread.")] = None,
    size: Annotated[str, typer.Option("--bytes", help="Size of a file, such as 50000, 50KB or 1.5MiB.")] = "",
    datasets: Annotated[
        int | None, typer.Option(min=1, help="Datasets that the files belong to, evenly. One, when not given.")
    ] = None,
    window: Annotated[int | None, typer.Option(min=0, max=900, help="Batching window in seconds. None, when not given.")] = None,
    ending: Annotated[
        str, typer.Option(help="How file names end: packed files (.gz, .parquet …) hold more text than they weigh.")
    ] = "",
    days_kept: Annotated[
        int | None, typer.Option(min=0, help="Days of files in the landing bucket, which surveys list. 30, when not given.")
    ] = None,
    actual: Annotated[bool, typer.Option("--actual", help="Price the runs in the ledger instead.")] = False,
    dataset: DatasetOption = "",
    days: Annotated[int | None, typer.Option(min=1, help="With --actual: only runs of the last so many days.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what a workload costs a day at list prices, by service and by route, beside one Glue run a file. It asks no AWS service.

    With --actual: what the runs in the ledger cost.

    Example: tidegate cost --files-per-day 10000 --bytes 50KB --datasets 5 --window 60
    """
    of_workload = (files_per_day, size, datasets, window, ending, days_kept)
    if actual:
        if any(value not in (None, "") for value in of_workload):
            raise typer.BadParameter("--actual reads the ledger: it goes with --dataset and --days only")
        _actual(context.obj, dataset, days, as_json=as_json)
        return
    if dataset or days:
        raise typer.BadParameter("--dataset and --days choose among runs in the ledger: they go with --actual")
    if not files_per_day or not size:
        raise typer.BadParameter("say what comes: --files-per-day and --bytes; or --actual for the runs in the ledger")
    kept = _DAYS_KEPT if days_kept is None else days_kept
    _estimated(Workload(files_per_day, size_of(size), datasets or 1, window or 0, ending or ".csv", kept), as_json=as_json)


def size_of(text: str) -> int:
    """Return the bytes of `50000`, `50KB` or `1.5MiB`."""
    found = _SIZE.fullmatch(text.strip().upper())
    if not found or found[2] not in _UNITS:
        raise typer.BadParameter(
            f"{text!r} is no size: write bytes, or a number with KB, MB, GB, KiB, MiB or GiB", param_hint="--bytes"
        )
    size = int(Decimal(found[1]) * _UNITS[found[2]])
    if size < 1:
        raise typer.BadParameter("a file has one byte at least", param_hint="--bytes")
    return size


def _estimated(workload: Workload, *, as_json: bool) -> None:
    model = Model(data.prices(), data.measured(), Deployment())
    estimates = model.estimate(workload)
    if as_json:
        print_json({"workload": asdict(workload), "estimates": list(map(_as_object, estimates)), **_sources(model)})
        return
    window = f"a batching window of {workload.window} s" if workload.window else "no batching window"
    out.print(
        f"{workload.files:,} files a day of {workload.bytes:,} bytes, evenly spread; datasets: {workload.datasets:,}; {window}"
    )
    print_table("US dollars a day, by how files are loaded", ("service", *(e.way for e in estimates)), _services(estimates))
    columns = ("way", "route", "runs_a_day", "files_a_run", "seconds_a_run", "workers", "remark")
    out.print()
    print_table("Runs", columns, map(_run_row, estimates))
    _say_sources(model)
    memory = model.deployment.memory["load"]
    out.print(
        f"deployed: the template's defaults ({model.deployment.architecture}, load function of {memory} MB, {model.deployment.worker_type})"
        ". One Glue run a file is its job alone.",
        markup=False,
    )


def _services(estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    used = [s for s in Service if any(e.dollars.get(s) for e in estimates)]
    rows: list[dict[str, Any]] = [{"service": s, **{e.way: _dollars(e.dollars.get(s)) for e in estimates}} for s in used]
    rows.append({"service": "a day", **{e.way: _dollars(e.a_day) for e in estimates}})
    rows.append({"service": f"{DAYS_A_MONTH} days", **{e.way: _dollars(e.a_month) for e in estimates}})
    return rows


def _run_row(estimate: Estimate) -> dict[str, Any]:
    if not estimate.dollars:
        return {"way": estimate.way, "remark": estimate.remark}
    plan = estimate.plan
    return {
        "way": estimate.way,
        "route": plan.compute,
        "runs_a_day": round(plan.runs),
        "files_a_run": _rounded(plan.files),
        "seconds_a_run": _rounded(plan.seconds, "0.01"),
        "workers": plan.workers or None,
        "remark": estimate.remark,
    }


def _as_object(estimate: Estimate) -> dict[str, Any]:
    plan = asdict(estimate.plan) if estimate.dollars else None
    return {
        "way": estimate.way,
        "plan": plan,
        "dollars": estimate.dollars,
        "a_day": estimate.a_day,
        "a_month": estimate.a_month,
        "remark": estimate.remark,
    }


def _actual(stack: Stack, dataset: str, days: int | None, *, as_json: bool) -> None:
    known = datasets_of(stack)
    if dataset and dataset not in known:
        raise NotFound(f"the ledger has no dataset {dataset}: `tidegate status` lists them")
    model = Model(data.prices(), data.measured(), Deployment().with_parameters(stack.parameters))
    since = timestamp(bootstrap.clock() - days * _DAY) if days else ""
    found = [spent(name, stack.ledger.list_runs(name), model, since) for name in ([dataset] if dataset else known)]
    total = total_of(found)
    if as_json:
        print_json({"since": since, "datasets": list(map(asdict, found)), "total": asdict(total), **_sources(model)})
        return
    title = f"Runs of the last {days} day(s), in US dollars" if days else "All runs in the ledger, in US dollars"
    columns = tuple(field.name for field in fields(Spent))
    print_table(title, columns, map(_spent_row, [*found, total]) if found else (), empty="no file has arrived yet")
    _say_sources(model)
    out.print(
        "modelled: seconds as measured, for the run's files and bytes. at most: all of the time from claim to end is the load function's,"
        " or the Glue job's with its waiting and start. The ledger has neither billed durations nor what was tried again, and packed files"
        " count as they weigh. The stack costs"
        f" ${standing(model.prices, model.deployment):.4f} a day for key, secret and alarms beside its runs, and its schedules.",
        markup=False,
    )


def total_of(found: Sequence[Spent]) -> Spent:
    """Return all datasets together."""
    numbers = [field.name for field in fields(Spent)][1:]
    return Spent("all", **{name: sum(getattr(each, name) for each in found) for name in numbers})


def _spent_row(each: Spent) -> dict[str, Any]:
    return {name: _dollars(value) if isinstance(value, float) else value for name, value in asdict(each).items()}


def _sources(model: Model) -> dict[str, Any]:
    prices, measured = model.prices, model.measured
    return {
        "prices": {"as_of": prices.as_of, "region": prices.region, "note": prices.note},
        "measured": {"as_of": measured.as_of, "machine": measured.machine},
    }


def _say_sources(model: Model) -> None:
    prices, measured = model.prices, model.measured
    out.print(f"prices: {prices.as_of}, {prices.region}. {prices.note}", markup=False)
    out.print(
        f"measured on a laptop's AWS on {measured.as_of}: what a run, a file and a megabyte use. Its seconds are not AWS's, and are without"
        f" cold starts and of small tables ({measured.machine}).",
        markup=False,
    )


def _dollars(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(_CENT_PARTS)


def _rounded(value: float, digits: str = "0.1") -> Decimal:
    return Decimal(value).quantize(Decimal(digits))
