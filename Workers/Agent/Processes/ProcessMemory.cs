using System.Globalization;

namespace Orchestrator.Workers.Agent.Processes;

/// <summary>Resident memory as the kernel counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>
    /// Bytes of a process and all its descendants; 0 once it is gone. Pages that descendants share with others are
    /// counted once at most, in the process itself.
    /// </summary>
    internal static long Resident(int processId)
    {
        long pages = Pages(processId, includeShared: true);
        foreach (int child in Descendants(processId, depth: 0))
        {
            pages += Pages(child, includeShared: false);
        }

        return pages * Environment.SystemPageSize;
    }

    private static long Pages(int processId, bool includeShared)
    {
        // statm: total resident shared …, in pages.
        string[] fields = Read($"/proc/{processId}/statm").Split(' ', 4);
        return fields.Length < 3
            ? 0
            : long.Parse(fields[1], CultureInfo.InvariantCulture)
                - (includeShared ? 0 : long.Parse(fields[2], CultureInfo.InvariantCulture));
    }

    private static IEnumerable<int> Descendants(int processId, int depth)
    {
        const int deepest = 16;
        string tasks = $"/proc/{processId}/task";
        if (depth == deepest || !Directory.Exists(tasks))
        {
            yield break;
        }

        foreach (string task in Folders(tasks))
        {
            foreach (string child in Read(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                int id = int.Parse(child, CultureInfo.InvariantCulture);
                yield return id;
                foreach (int descendant in Descendants(id, depth + 1))
                {
                    yield return descendant;
                }
            }
        }
    }

    private static string[] Folders(string path)
    {
        try
        {
            return Directory.GetDirectories(path);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it ended while we looked
        }
    }
}
