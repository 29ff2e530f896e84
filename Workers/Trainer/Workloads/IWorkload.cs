namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>A kind of training. Describing one never loads libtorch; opening one may.</summary>
internal interface IWorkload
{
    /// <summary>Its name in job files.</summary>
    string Name { get; }

    /// <summary>Its settings.</summary>
    IReadOnlyList<SettingDefinition> Settings { get; }

    /// <summary>Names of the metrics that its validations report.</summary>
    IReadOnlyList<string> Metrics { get; }

    /// <summary>Whether it runs on no other device.</summary>
    bool NeedsCpu => false;

    /// <summary>Loads the data and builds the model. The weights are set by the first segment.</summary>
    /// <exception cref="TrainerException">Bad input: settings that do not go together, or data that cannot be used.</exception>
    ITrainingRun Open(SettingValues settings, OpenContext context);
}

/// <summary>What a workload is opened with, besides its settings.</summary>
/// <param name="Seed">The trial's seed.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda:N</c>.</param>
/// <param name="Threads">Threads of one step.</param>
/// <param name="Data">Where data sets are found.</param>
internal sealed record OpenContext(long Seed, string Device, int Threads, Data.DataFolders Data);
