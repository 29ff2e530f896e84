namespace Orchestrator.TestKit.Processes;

/// <summary>Where the executables under test were built.</summary>
public static class Executables
{
    /// <summary>Root of the source tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder that ships digits.</summary>
    public static string ShippedData => System.IO.Path.Combine(Root, "examples", "data");

    /// <summary>Path of a project's executable, of the configuration the tests were built with.</summary>
    public static string Path(string project, string name)
    {
        string own = AppContext.BaseDirectory.TrimEnd(System.IO.Path.DirectorySeparatorChar);
        return System.IO.Path.GetFullPath(System.IO.Path.Combine(own, "..", "..", project, System.IO.Path.GetFileName(own), name));
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Orchestrator.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("Orchestrator.sln is not above the tests.");
    }
}
