using Xunit;

namespace Orchestrator.TestKit.Processes;

/// <summary>A program of the system that a test cannot do without.</summary>
public static class InstalledTool
{
    /// <summary>Its path; the test is skipped, with the reason, where it is not installed.</summary>
    /// <param name="program">Looked for along PATH; also the name of its package.</param>
    public static string Need(string program)
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{program} is not installed (apt-get install {program}; ./test does it as root)");
        return path!;
    }
}
