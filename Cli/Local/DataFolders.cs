namespace Orchestrator.Cli.Local;

/// <summary>Where data sets are looked for.</summary>
internal static class DataFolders
{
    /// <summary>--data, else ORCHESTRATOR_DATA; and always the folder that ships with the project, last.</summary>
    public static IReadOnlyList<string> Resolve(Session session, string? option)
    {
        string? named = option ?? session.Environment("ORCHESTRATOR_DATA");
        var folders = (named ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Path.GetFullPath).ToList();
        foreach (string folder in folders.Where(folder => !Directory.Exists(folder)))
        {
            throw new BadInputException($"The data folder {folder} ({(option is null ? "ORCHESTRATOR_DATA" : "--data")}) does not exist.");
        }

        if (Shipped() is { } shipped)
        {
            folders.Add(shipped);
        }

        return folders.Distinct().ToList();
    }

    /// <summary>examples/data, found upwards from this program or from the working directory.</summary>
    public static string? Shipped()
    {
        foreach (string start in (string[])[AppContext.BaseDirectory, Directory.GetCurrentDirectory()])
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, "examples", "data");
                if (Directory.Exists(candidate))
                {
                    return candidate;
                }
            }
        }

        return null;
    }
}
