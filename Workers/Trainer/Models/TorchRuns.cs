using System.Globalization;
using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Workloads;
using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>Opens runs on libtorch, which the first one loads.</summary>
internal static class TorchRuns
{
    /// <summary>A run on the device and with the threads that were asked for.</summary>
    /// <exception cref="TrainerException">Bad input: there is no such device here.</exception>
    internal static ITrainingRun Open(IModel model, ISampleSource samples, SettingValues settings, OpenContext context)
    {
        set_num_threads(context.Threads);
        return new TorchRun(
            model, samples, flat => OptimizerSettings.Create(settings, flat), context.Seed, DeviceOf(context.Device));
    }

    private static Device DeviceOf(string name)
    {
        if (name == "cpu")
        {
            return CPU;
        }

        if (!name.StartsWith("cuda:", StringComparison.Ordinal)
            || !int.TryParse(name["cuda:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            throw TrainerException.BadInput($"device `{name}`: give cpu or cuda:N");
        }

        return cuda.is_available() && index < cuda.device_count()
            ? new Device(DeviceType.CUDA, index)
            : throw TrainerException.BadInput(
                $"device `{name}` is not here: this trainer sees {(cuda.is_available() ? cuda.device_count() : 0)} CUDA devices. "
                + "Use cpu, or a trainer built with -p:TorchBackend=cuda on a machine with a GPU");
    }
}
