using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// What must be equal for equal bits on a CPU: architecture, instruction set, threads, libtorch. Whoever starts a
/// built-in trainer sets <see cref="Environment"/>, so that machines of one kind choose the same kernels whatever
/// newer instructions they have.
/// </summary>
public static class NumericClass
{
    /// <summary>The libtorch release that the built-in trainer is built on.</summary>
    public const string LibTorch = "2.10";

    /// <summary>
    /// The instruction set this machine is held to: <c>avx2</c> where it has AVX2 and FMA, <c>default</c> otherwise.
    /// AVX-512 is left unused, so that machines with and without it agree.
    /// </summary>
    public static string Capability { get; } = Avx2.IsSupported && Fma.IsSupported ? "avx2" : "default";

    /// <summary>The class's name for a number of threads, such as <c>cpu-x64-avx2-t1-libtorch2.10</c>.</summary>
    public static string Name(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var architecture = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            var other => other.ToString().ToLowerInvariant(),
        };
        return $"cpu-{architecture}-{Capability}-t{threads}-libtorch{LibTorch}";
    }

    /// <summary>
    /// The environment that pins the class. OMP_NUM_THREADS and MKL_DYNAMIC: reductions are split over exactly so many
    /// threads. MKL_CBWR: matrix products take one code path and do not depend on memory alignment.
    /// ATEN_CPU_CAPABILITY and ONEDNN_MAX_CPU_ISA: ATen's and oneDNN's kernels for that instruction set.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Environment(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var avx2 = Capability == "avx2";
        return new Dictionary<string, string>
        {
            ["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture),
            ["MKL_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture),
            ["MKL_DYNAMIC"] = "FALSE",
            ["MKL_CBWR"] = avx2 ? "AVX2,STRICT" : "COMPATIBLE",
            ["ATEN_CPU_CAPABILITY"] = Capability,
            ["ONEDNN_MAX_CPU_ISA"] = avx2 ? "AVX2" : "SSE41",
        };
    }
}
