"""`divbench doctor`: is this machine and its installation fit for a run? Looks and tries; changes nothing.

Each finding is a `Check`: what was looked at, what was found, and, where that is wrong, what to do about it.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterator

from divbench.execute.compile_cache import NOT_KEPT, describe_cache
from divbench.execute.memory import container_limit, physical_memory
from divbench.execute.wording import one_line, plural
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import PRECISIONS, RunSpec
from divbench.spec.text import format_size, format_table

DISTRIBUTION = "divbench"
TWINS = (("mujoco", "mujoco-mjx"),)  # distributions that must agree in major and minor version
TRIAL_TASK = "cheetah-run"


@dataclasses.dataclass(frozen=True)
class Check:
    """One finding. `advice` says what to do where `ok` is False."""

    name: str
    found: str
    ok: bool = True
    advice: str = ""


def diagnose() -> list[Check]:
    """All findings, in the order in which they are printed. Takes some seconds: the physics is tried."""
    checks = [Check("python", platform.python_version()), *check_versions(), *check_twins()]
    devices = _tried("device", _devices)
    checks += devices
    if not devices[0].ok:
        return checks  # nothing else can be tried without one
    checks += _tried("precision", _precision)
    checks += _tried("memory", _memory)
    checks += _tried("compiled programs", _programs)
    checks += _tried("physics host", _host)
    checks += _tried("physics mjx", _mjx)
    checks += _tried("async dispatch", _async_dispatch)
    return checks


def describe(checks: list[Check]) -> str:
    """The findings as a table, and a last line that says whether all is well."""
    rows = [("ok" if check.ok else "WRONG", check.name, check.found) for check in checks]
    wrong = [f"{check.name}: {check.advice}" for check in checks if not check.ok]
    verdict = wrong or ["everything fits together"]
    return "\n".join([format_table(("", "what", "found"), rows), "", *verdict])


def check_versions(distribution: str = DISTRIBUTION) -> list[Check]:
    """Installed versions against the ranges that `distribution`'s own metadata states, extras left out."""
    try:
        requirements = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return [Check(distribution, "not installed", False, f"install it: pip install {distribution}")]
    checks = [Check(distribution, importlib.metadata.version(distribution))]
    return checks + [check for text in requirements for check in _requirement(text)]


def _requirement(text: str) -> Iterator[Check]:
    """One check, or none for a requirement of an extra or of another platform."""
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return
    wanted = str(requirement.specifier) or "any version"
    found = installed_version(requirement.name)
    install = f'pip install "{requirement.name}{requirement.specifier}"'
    if found is None:
        yield Check(requirement.name, f"not installed (wanted {wanted})", False, install)
        return
    fits = requirement.specifier.contains(found, prereleases=True)
    yield Check(requirement.name, f"{found} (wanted {wanted})", fits, "" if fits else install)


def check_twins(version_of: Callable[[str], str | None] | None = None) -> Iterator[Check]:
    """A failed check for each pair of distributions that does not agree in major and minor version."""
    version_of = version_of or installed_version
    for first, second in TWINS:
        versions = version_of(first), version_of(second)
        if len({".".join((version or "none").split(".")[:2]) for version in versions}) > 1:
            found = f"{first} {versions[0]} beside {second} {versions[1]}"
            yield Check(f"{first} and {second}", found, False, "install the same version of both")


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _tried(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    """`look()`, or one failed check if it raises: a broken installation is what the doctor is for."""
    try:
        return look()
    except UsageError as error:
        found, _, expected = str(error).partition("; ")
        return [Check(name, found, False, expected or found)]
    except Exception as error:  # whatever a broken library raises
        return [Check(name, one_line(error), False, f"this part of the installation does not work ({name})")]


def _devices() -> list[Check]:
    import jax

    from divbench.execute.device import prepare

    prepare(RunSpec.precision)  # as a run does, before JAX first uses the CPU
    devices = ", ".join(f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices())
    idle = len(jax.devices()) - 1
    also = f"; a run uses the first, {plural(idle, 'device')} idle" if idle else ""
    checks = [Check("device", f"{devices}; {os.cpu_count()} CPU cores{also}")]
    chosen = os.environ.get("JAX_PLATFORMS") == "cpu"
    if jax.default_backend() == "cpu" and os.path.exists("/dev/nvidiactl") and not chosen:
        advice = 'pip install "divbench[cuda]", or set JAX_PLATFORMS=cpu to leave it alone'
        checks.append(Check("GPU", "an NVIDIA device that JAX does not use", False, advice))
    return checks


def _precision() -> list[Check]:
    import jax

    float64 = "on" if jax.config.read("jax_enable_x64") else "off"
    found = f"learner {RunSpec.precision} unless a run says otherwise ({', '.join(PRECISIONS)})"
    return [Check("precision", f"{found}; float64 {float64}")]


def _memory() -> list[Check]:
    import jax

    found = [f"host {format_size(physical_memory())}"]
    for device in jax.devices():
        statistics = (device.memory_stats() or {}) if device.platform != "cpu" else {}
        if "bytes_limit" in statistics:
            found.append(f"{device.platform}:{device.id} {format_size(statistics['bytes_limit'])}")
    limit = container_limit()
    if limit is not None:
        found.append(f"limited to {format_size(limit)}")
    return [Check("memory", ", ".join(found))]


def _programs() -> list[Check]:
    return [Check("compiled programs", describe_cache()), Check("compiled anew", NOT_KEPT)]


def _host() -> list[Check]:
    """Draw a state of a task and make one step from it, compiled and through the callback."""
    import jax
    import jax.numpy as jnp

    from divbench import envs

    env = envs.make(TRIAL_TASK, physics="host")
    state = jax.jit(env.step)(env.reset(jax.random.key(0)), jnp.zeros(env.action_size))
    if not bool(jnp.isfinite(state.obs).all()):
        found = f"{TRIAL_TASK} made a step that is not finite"
        return [Check("physics host", found, False, "reinstall mujoco and jax")]
    return [Check("physics host", f"{TRIAL_TASK} made a step")]


def _mjx() -> list[Check]:
    """Put a task's model on the device. No step is made: compiling one takes a minute on a small CPU."""
    from divbench import envs

    envs.make(TRIAL_TASK, physics="mjx")
    return [Check("physics mjx", f"{TRIAL_TASK} is loaded")]


def _async_dispatch() -> list[Check]:
    """Host physics calls back from compiled code, which can hang on a CPU that dispatches asynchronously."""
    import jax

    if jax.default_backend() != "cpu":
        return [Check("async dispatch", "does not matter on this device")]
    flag = "jax_cpu_enable_async_dispatch"
    on = bool(jax.config.values.get(flag, True))
    advice = f"set {flag} to False before JAX first uses the CPU" if on else ""
    return [Check("async dispatch", "on" if on else "off, as host physics on a CPU needs it", not on, advice)]
