using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>The device that a name stands for.</summary>
internal static class TorchDevice
{
    private const string Cpu = "cpu";
    private const string Cuda = "cuda:";

    /// <summary>Whether libtorch's CUDA half is beside this program: it is built with <c>-p:TorchBackend=cuda</c>.</summary>
    internal static bool HasCudaBuild => File.Exists(Path.Combine(AppContext.BaseDirectory, "libtorch_cuda.so"));

    /// <summary>Refuses a device that is not here. libtorch is loaded for CUDA alone.</summary>
    /// <exception cref="TrainerException">Bad input: there is no such device.</exception>
    internal static void Check(string name)
    {
        if (name != Cpu)
        {
            _ = Of(name);
        }
    }

    /// <summary>The device.</summary>
    /// <param name="name"><c>cpu</c> or <c>cuda:N</c>.</param>
    /// <exception cref="TrainerException">Bad input: there is no such device.</exception>
    internal static Device Of(string name)
    {
        if (name == Cpu)
        {
            return CPU;
        }

        if (!name.StartsWith(Cuda, StringComparison.Ordinal)
            || !int.TryParse(name[Cuda.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            throw TrainerException.BadInput($"device `{name}`: give cpu or cuda:N");
        }

        if (!HasCudaBuild)
        {
            throw TrainerException.BadInput($"device `{name}`: this trainer is built for cpu alone. Build it with -p:TorchBackend=cuda");
        }

        var count = cuda.is_available() ? cuda.device_count() : 0;
        return index < count
            ? new Device(DeviceType.CUDA, index)
            : throw TrainerException.BadInput(count == 0
                ? $"device `{name}`: this trainer sees no CUDA device. Look at nvidia-smi and at CUDA_VISIBLE_DEVICES"
                : $"device `{name}`: this trainer sees {count} CUDA device{(count == 1 ? "" : "s")}, counted from cuda:0");
    }
}
