using System.Globalization;

namespace Orchestrator.TestKit.Processes;

/// <summary>Which processes there are, as Linux tells it.</summary>
public static class ProcessTree
{
    /// <summary>Living processes below a process, by the program they run.</summary>
    /// <param name="ancestor">Its number; it is not among the answers.</param>
    /// <param name="program">File name of the program, e.g. orchestrator-trainer.</param>
    public static IReadOnlyList<int> Descendants(int ancestor, string program)
    {
        ILookup<int, int> children = All().ToLookup(ParentOf);
        var found = new List<int>();
        var open = new Stack<int>(children[ancestor]);
        while (open.TryPop(out int process))
        {
            found.Add(process);
            foreach (int child in children[process])
            {
                open.Push(child);
            }
        }

        return [.. found.Where(process => IsAlive(process) && Program(process) == program).Order()];
    }

    /// <summary>Living processes whose command line or whose program mentions all of the words.</summary>
    public static IReadOnlyList<int> Mentioning(params IReadOnlyList<string> words) =>
        [.. All().Where(process => IsAlive(process) && words.All(word => CommandLine(process).Contains(word, StringComparison.Ordinal)))];

    /// <summary>Whether a process runs; a zombie does not.</summary>
    public static bool IsAlive(int process) => Stat(process) is { Length: > 0 } fields && fields[0] is not ("Z" or "X");

    /// <summary>Program and arguments, with spaces between; empty once it is gone.</summary>
    public static string CommandLine(int process) => Read(process, "cmdline").Replace('\0', ' ').Trim();

    private static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) ? process : 0)
        .Where(process => process > 0);

    private static string Program(int process) => Path.GetFileName(Read(process, "cmdline").Split('\0')[0]);

    private static int ParentOf(int process) =>
        Stat(process) is { Length: > 1 } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : 0;

    /// <summary>The fields after the name, which is in brackets and may hold anything: state, parent, …</summary>
    private static string[] Stat(int process)
    {
        string stat = Read(process, "stat");
        return stat.Length == 0 ? [] : stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
