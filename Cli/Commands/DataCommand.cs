using System.CommandLine;
using Orchestrator.Cli.Data;
using Orchestrator.Cli.Local;
using Orchestrator.Contracts.Client;

namespace Orchestrator.Cli.Commands;

/// <summary><c>data</c>: which data sets there are; <c>data fetch NAME</c>: gets one and verifies it.</summary>
internal static class DataCommand
{
    public static Command Create(Session session)
    {
        var folders = new Option<string?>("--data") { Description = "Folder of data sets, or several joined by colons (ORCHESTRATOR_DATA).", HelpName = "DIR", Recursive = true };
        var name = new Argument<string>("NAME") { Description = "A data set that 'orchestrator data' lists." };
        Command fetch = new Command("fetch", "Fetch a known data set and verify it.") { name }
            .Does(session, (parsed, ct) => FetchAsync(session, parsed.GetValue(name)!, parsed.GetValue(folders), parsed.GetValue(GlobalOptions.Json), ct));
        return new Command("data", "List data sets: those found, and those that can be fetched.") { folders, fetch }
            .Does(session, (parsed, ct) => ListAsync(session, parsed.GetValue(folders), parsed.GetValue(GlobalOptions.Json), ct));
    }

    private static async Task<int> ListAsync(Session session, string? option, bool json, CancellationToken ct)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string set in DataFolders.Resolve(session, option).SelectMany(Directory.EnumerateDirectories))
        {
            found.TryAdd(Path.GetFileName(set), set);
        }

        var sets = new List<Listed>();
        foreach (string name in found.Keys.Union(KnownDataSets.All.Select(set => set.Name)).Order(StringComparer.Ordinal))
        {
            KnownDataSet? known = KnownDataSets.All.FirstOrDefault(set => set.Name == name);
            sets.Add(new Listed(name, found.GetValueOrDefault(name), known?.Origin, known?.Licence, await FilesAsync(known, found.GetValueOrDefault(name), ct)));
        }

        if (json)
        {
            session.WriteJson(new { sets });
            return ExitCodes.Succeeded;
        }

        foreach (Listed set in sets)
        {
            session.Out.WriteLine($"{set.Name}: {set.Folder ?? $"not here; get it with 'orchestrator data fetch {set.Name}'"}");
            session.Out.WriteLine($"  from {set.Origin ?? "its user"}, licence {set.Licence ?? "not known"}");
            foreach (ListedFile file in set.Files)
            {
                session.Out.WriteLine($"  {file.Name}  sha256:{file.Sha256}{(file.Verified ? "  verified" : "")}");
            }
        }

        return ExitCodes.Succeeded;
    }

    private static async Task<IReadOnlyList<ListedFile>> FilesAsync(KnownDataSet? known, string? folder, CancellationToken ct)
    {
        if (folder is null)
        {
            return [.. (known?.Files ?? []).Select(file => new ListedFile(file.Name, file.Sha256, false))];
        }

        var files = new List<ListedFile>();
        foreach (string path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            string sum = await DataFetch.ChecksumAsync(path, ct);
            files.Add(new ListedFile(Path.GetFileName(path), sum, known?.Files.Any(file => file.Sha256 == sum) ?? false));
        }

        return files;
    }

    private static async Task<int> FetchAsync(Session session, string name, string? option, bool json, CancellationToken ct)
    {
        KnownDataSet set = KnownDataSets.All.FirstOrDefault(known => known.Name == name)
            ?? throw new BadInputException($"found '{name}'; {string.Join(", ", KnownDataSets.All.Select(known => known.Name))} can be fetched. Any other set is a folder of its name below --data");
        string root = DataFolders.Resolve(session, option).FirstOrDefault()
            ?? throw new BadInputException("say with --data DIR, or ORCHESTRATOR_DATA, where data sets are kept");
        using var http = new HttpClient(new DroppedConnectionHandler(new SocketsHttpHandler()));
        string folder = Path.Combine(root, set.Name);
        await DataFetch.RunAsync(set, folder, http, session.Error.WriteLine, ct);
        if (json)
        {
            session.WriteJson(new Listed(set.Name, folder, set.Origin, set.Licence, await FilesAsync(set, folder, ct)));
        }

        return ExitCodes.Succeeded;
    }

    private sealed record Listed(string Name, string? Folder, string? Origin, string? Licence, IReadOnlyList<ListedFile> Files);

    private sealed record ListedFile(string Name, string Sha256, bool Verified);
}
