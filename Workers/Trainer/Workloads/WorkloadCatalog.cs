namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>The workloads of this trainer.</summary>
internal static class WorkloadCatalog
{
    internal static IReadOnlyList<IWorkload> All { get; } =
        [new ImageClassification(), new LanguageModel(), new NoisyQuadraticWorkload()];

    /// <summary>The workload of a name.</summary>
    /// <exception cref="TrainerException">Bad input: there is none.</exception>
    internal static IWorkload Find(string name) => All.FirstOrDefault(w => w.Name == name)
        ?? throw TrainerException.BadInput($"no workload `{name}`; there are {string.Join(", ", All.Select(w => w.Name))}");
}
