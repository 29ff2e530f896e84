using System.Security.Cryptography;

namespace Orchestrator.Cli.Data;

/// <summary>Gets a known data set and verifies every byte of it.</summary>
internal static class DataFetch
{
    /// <summary>Fetches what is missing or changed; a file appears under its name only once its checksum is right.</summary>
    /// <exception cref="BadInputException">A file cannot be fetched, or is not the one that is known.</exception>
    public static async Task RunAsync(KnownDataSet set, string folder, HttpClient http, Action<string> note, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        foreach (DataFile file in set.Files)
        {
            string path = Path.Combine(folder, file.Name);
            if (File.Exists(path) && await ChecksumAsync(path, ct) == file.Sha256)
            {
                note($"{path}: there already, verified");
                continue;
            }

            if (file.Source is null)
            {
                throw new BadInputException($"{file.Name} of {set.Name} ships with the project, below examples/data: copy it from there into {folder}, or give that folder with --data");
            }

            string partial = path + ".partial";
            try
            {
                await using Stream source = await http.GetStreamAsync(file.Source, ct);
                await using FileStream target = File.Create(partial);
                await source.CopyToAsync(target, ct);
            }
            catch (Exception unreachable) when (unreachable is HttpRequestException or HttpIOException
                || (unreachable is OperationCanceledException && !ct.IsCancellationRequested))
            {
                throw new BadInputException($"{file.Source} cannot be fetched: {unreachable.Message}. Get {file.Name} in another way (SHA-256 {file.Sha256}) and put it into {folder}");
            }

            string found = await ChecksumAsync(partial, ct);
            if (found != file.Sha256)
            {
                File.Delete(partial);
                throw new BadInputException($"{file.Source}: found SHA-256 {found}; {file.Sha256} is wanted. Nothing was kept of it");
            }

            File.Move(partial, path, overwrite: true);
            note($"{path}: fetched, verified");
        }
    }

    /// <summary>SHA-256 of a file in lower-case hexadecimal digits.</summary>
    public static async Task<string> ChecksumAsync(string path, CancellationToken ct)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
    }
}
