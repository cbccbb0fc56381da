"""Accelerators that programs can be compiled for without one: facts of each, with their sources. Data only.

Rates are the makers' peaks. Times that no maker states (of a launch, of a loop's round) are assumptions and are called
so. How programs are compiled, counted and timed is in `divbench.targets`.
"""

from __future__ import annotations

import dataclasses

CUDA, TPU = "cuda", "tpu"
EXTRAS = {CUDA: ("jax_cuda13_plugin", "jax_cuda12_plugin"), TPU: ("libtpu",)}  # an extra, and modules that it installs

XLA_SPECS = "openxla/xla, xla/backends/gpu/target_config/specs"
GOOGLE_DOCS = "docs.cloud.google.com/tpu/docs"

# Seconds from one small kernel of a stream to the next, the kernel's own least time included. Assumed: 2 to 3 us are
# usual on a data-centre GPU; none was timed here.
LAUNCH_SECONDS = 2.5e-6
# A TPU runs a program without its host: an instruction starts in far less than a launch. Assumed; Google states none.
INSTRUCTION_SECONDS = 0.3e-6
# A loop of unknown length, and a branch, on CUDA: XLA copies the condition to the host and waits for it in each round.
# Assumed.
WAIT_SECONDS = 10e-6
# JAX reserves 75% of a GPU's memory unless XLA_CLIENT_MEM_FRACTION says otherwise (docs.jax.dev, "GPU memory
# allocation"). A TPU has no such share: its compiler rejects what does not fit.
GPU_SHARE = 0.75
# Passes of bfloat16 products that a float32 product takes on a TPU (jax.lax.Precision: bf16, bf16_3x, bf16_6x).
TPU_PASSES = {"default": 1, "high": 3, "highest": 6}


FUNCTIONS = ("train_chunk", "evaluate", "diagnose", "reset_lanes")  # of a group's program


@dataclasses.dataclass(frozen=True)
class Gpu:
    """What XLA's CUDA compiler asks of a device, beside `COMMON`.

    Attributes:
      name: of the device.
      cores: streaming multiprocessors.
      fpus: float32 units of a core.
      shared_core, shared_block: bytes of shared memory, of a core and at most of a block.
      cache: bytes of the L2 cache.
      gigahertz: clock.
      capability: CUDA's compute capability.
      tf32: FLOPs a second of the tensor cores' float32 format.
    """

    name: str
    cores: int
    fpus: int
    shared_core: int
    shared_block: int
    cache: int
    gigahertz: float
    capability: tuple[int, int]
    tf32: float


@dataclasses.dataclass(frozen=True)
class Target:
    """An accelerator.

    Attributes:
      name: on the command line.
      platform: `cuda` or `tpu`.
      topology: of XLA, the smallest that has the device.
      memory: bytes of one device.
      bandwidth: bytes a second of that memory.
      source: where its facts are from.
      bfloat16: FLOPs a second of a TPU's matrix units.
      gpu: further facts of a GPU.
    """

    name: str
    platform: str
    topology: str
    memory: int
    bandwidth: float
    source: str
    bfloat16: float = 0.0
    gpu: Gpu | None = None

    @property
    def usable(self) -> int:
        """Bytes of memory that programs can have unless the environment says otherwise."""
        return int(self.memory * GPU_SHARE) if self.platform == CUDA else self.memory

    @property
    def launch_seconds(self) -> float:
        """Between two kernels."""
        return LAUNCH_SECONDS if self.platform == CUDA else INSTRUCTION_SECONDS

    @property
    def wait_seconds(self) -> float:
        """Of each round of a loop of unknown length and of each branch, beside their kernels."""
        return WAIT_SECONDS if self.platform == CUDA else 0.0

    def flops(self, precision: str) -> float:
        """FLOPs a second of float32 matrix products under that precision of JAX, at most.

        On a GPU `highest` uses the float32 units (cores x units x 2 x clock), the others the tensor cores.
        """
        if self.gpu is None:
            return self.bfloat16 / TPU_PASSES[precision]
        return 2e9 * self.gpu.cores * self.gpu.fpus * self.gpu.gigahertz if precision == "highest" else self.gpu.tf32


def _gpu(name: str, memory: int, bandwidth: float, gpu: Gpu) -> Target:
    return Target(name, CUDA, "1x1x1", memory, bandwidth, XLA_SPECS, gpu=gpu)


def _tpu(name: str, topology: str, memory: float, bandwidth: float, bfloat16: float, page: str) -> Target:
    return Target(name, TPU, topology, int(memory), bandwidth, f"{GOOGLE_DOCS}/{page}", bfloat16)


# TF32 without sparsity: NVIDIA's data sheets of the A100 (156 TFLOPS) and of the H100 and H200 SXM (989, half of it
# without sparsity).
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _gpu("a100", 85_100_068_864, 2.03904e12, Gpu(
            "NVIDIA A100-SXM4-80GB", 108, 64, 167_936, 166_912, 41_943_040, 1.41, (8, 0), 156e12)),
        _gpu("h100", 84_942_979_072, 3.35232e12, Gpu(
            "NVIDIA H100 80GB HBM3", 132, 128, 233_472, 232_448, 52_428_800, 1.98, (9, 0), 494.7e12)),
        _gpu("h200", 151_397_597_184, 4.8e12, Gpu(
            "NVIDIA H200 141GB HBM3e", 132, 128, 233_472, 232_448, 52_428_800, 1.98, (9, 0), 494.7e12)),
        _tpu("tpu-v4", "v4:2x2x1", 32 * 2**30, 1.2e12, 275e12, "v4"),
        _tpu("tpu-v5e", "v5e:2x2", 16e9, 0.819e12, 197e12, "v5e"),
        _tpu("tpu-v5p", "v5p:2x2x1", 95e9, 2.765e12, 459e12, "v5p"),
        _tpu("tpu-v6e", "v6e:2x2", 32e9, 1.638e12, 918e12, "v6e"),
    )
}
# Facts of a CUDA device that all targets share; versions of the driver's libraries that XLA compiles against.
COMMON = """\
gpu_device_info {{
  threads_per_block_limit: 1024
  threads_per_warp: 32
  shared_memory_per_block: 49152
  shared_memory_per_core: {shared_core}
  threads_per_core_limit: 2048
  core_count: {cores}
  fpus_per_core: {fpus}
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  memory_bandwidth: {bandwidth}
  l2_cache_size: {cache}
  clock_rate_ghz: {gigahertz}
  device_memory_size: {memory}
  shared_memory_per_block_optin: {shared_block}
  cuda_compute_capability {{ major: {major} minor: {minor} }}
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
}}
platform_name: "CUDA"
dnn_version_info {{ major: 9 minor: 10 patch: 0 }}
runtime_version {{ major: 13 minor: 0 patch: 0 }}
device_description_str: "{name}"
"""


def gpu_config(target: Target) -> str:
    """A CUDA target as XLA's compiler wants it: a GpuTargetConfigProto in text form."""
    gpu = target.gpu
    if gpu is None:
        raise ValueError(f"{target.name}: no CUDA target")
    major, minor = gpu.capability
    return COMMON.format(**dataclasses.asdict(gpu), bandwidth=int(target.bandwidth), memory=target.memory, major=major,
                         minor=minor)
