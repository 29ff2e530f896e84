using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Workloads;
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
            model, samples, flat => OptimizerSettings.Create(settings, flat), context.Seed, TorchDevice.Of(context.Device));
    }
}
