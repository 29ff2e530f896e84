using System.Net;
using System.Security.Cryptography;
using Orchestrator.Cli;
using Orchestrator.Cli.Data;
using Orchestrator.TestKit;

namespace Orchestrator.Cli.Tests;

/// <summary>A file of a data set appears under its name only once every byte of it is the publisher's.</summary>
public sealed class DataFetchTests : IDisposable
{
    private static readonly byte[] Contents = [1, 2, 3];

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _notes = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_is_fetched_and_verified()
    {
        await FetchAsync(Contents, Checksum(Contents));
        Assert.Equal(Contents, await File.ReadAllBytesAsync(_folder.File("file"), TestContext.Current.CancellationToken));
        Assert.Equal([$"{_folder.File("file")}: fetched, verified"], _notes);
    }

    [Fact]
    public async Task One_that_is_there_is_verified_and_not_fetched_again()
    {
        File.WriteAllBytes(_folder.File("file"), Contents);
        await FetchAsync(null, Checksum(Contents));
        Assert.Equal([$"{_folder.File("file")}: there already, verified"], _notes);
    }

    [Fact]
    public async Task One_that_was_changed_is_fetched_anew()
    {
        File.WriteAllBytes(_folder.File("file"), [9]);
        await FetchAsync(Contents, Checksum(Contents));
        Assert.Equal(Contents, File.ReadAllBytes(_folder.File("file")));
    }

    [Fact]
    public async Task Bytes_of_another_checksum_are_not_kept()
    {
        BadInputException refused = await Assert.ThrowsAsync<BadInputException>(() => FetchAsync([6, 6, 6], Checksum(Contents)));
        Assert.Contains(Checksum([6, 6, 6]), refused.Message, StringComparison.Ordinal);
        Assert.Contains(Checksum(Contents), refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public async Task A_publisher_that_cannot_be_reached_is_named_with_what_to_do()
    {
        BadInputException refused = await Assert.ThrowsAsync<BadInputException>(() => FetchAsync(null, Checksum(Contents)));
        Assert.Contains("http://publisher.example/file cannot be fetched", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"put it into {_folder.Path}", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Every file that can be fetched, and the set that is shipped, can be verified.</summary>
    [Fact]
    public void Every_known_set_has_checksums_of_all_of_its_files() =>
        Assert.All(KnownDataSets.All, set => Assert.All(set.Files, file => Assert.Matches("^[0-9a-f]{64}$", file.Sha256)));

    private async Task FetchAsync(byte[]? served, string checksum)
    {
        using var publisher = new Publisher(served);
        using var http = new HttpClient(publisher);
        await DataFetch.RunAsync(
            new KnownDataSet("set", "somewhere", "none", [new DataFile("file", new Uri("http://publisher.example/file"), checksum)]),
            _folder.Path, http, _notes.Add, TestContext.Current.CancellationToken);
    }

    private static string Checksum(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Serves one file; null: it cannot be reached.</summary>
    private sealed class Publisher(byte[]? served) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => served is null
            ? throw new HttpRequestException("no route to host")
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(served) });
    }
}
