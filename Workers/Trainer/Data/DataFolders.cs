using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>The folders that data sets are looked for in: a data set is a folder there, by its name.</summary>
internal sealed class DataFolders
{
    /// <summary>The environment variable that says where data are.</summary>
    internal const string EnvironmentVariable = "ORCHESTRATOR_DATA";

    private const char Separator = ':';

    private readonly string[] _folders;

    /// <param name="folders">Folders, separated by colons; the first that has a set is used. Null or empty: none.</param>
    internal DataFolders(string? folders) => _folders = (folders ?? "").Split(
        Separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What was given, or else what the environment says.</summary>
    internal static DataFolders OrEnvironment(string? folders) =>
        new(string.IsNullOrEmpty(folders) ? Environment.GetEnvironmentVariable(EnvironmentVariable) : folders);

    /// <summary>All data sets, by name.</summary>
    internal IReadOnlyList<DataSet> All() =>
    [
        .. _folders.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
            .Select(DataSet.Recognize)
            .OfType<DataSet>()
            .DistinctBy(set => set.Name)
            .OrderBy(set => set.Name, StringComparer.Ordinal),
    ];

    /// <summary>The data set of a name.</summary>
    /// <exception cref="TrainerException">Bad input: there is none; the message says which there are.</exception>
    internal DataSet Find(string name)
    {
        foreach (var folder in _folders.Select(f => Path.Combine(f, name)).Where(Directory.Exists))
        {
            if (DataSet.Recognize(folder) is { } set)
            {
                return set;
            }
        }

        var known = string.Join(", ", All().Select(set => set.Name));
        var searched = _folders.Length == 0
            ? $"no data folder was given (--data, or {EnvironmentVariable})"
            : $"looked in {string.Join(", ", _folders)}, which have {(known.Length == 0 ? "none" : known)}";
        throw TrainerException.BadInput(
            $"no data set `{name}`: {searched}. A data set is a folder of that name that holds {DataSet.Kinds}; "
            + $"`orchestrator data` says which sets can be fetched");
    }

    /// <summary>What is found, for a description: sets that can be used, and those with a file missing or damaged.</summary>
    internal (IReadOnlyList<DataSetDescription> Usable, IReadOnlyList<DataSetProblem> Unusable) Describe()
    {
        var usable = new List<DataSetDescription>();
        var unusable = new List<DataSetProblem>();
        foreach (var set in All())
        {
            try
            {
                usable.Add(new(set.Name, set.Digest(), set.CountSamples()));
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or TrainerException)
            {
                unusable.Add(new(set.Name, e.Message));
            }
        }

        return (usable, unusable);
    }
}
