using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Contracts.Leases;
using Orchestrator.TestKit;
using Orchestrator.Workers.Agent.Checkpoints;
using Orchestrator.Workers.Agent.Silo;

namespace Orchestrator.Agent.Tests.Checkpoints;

public sealed class CachedCheckpointsTests : IAsyncLifetime
{
    private const int Limit = 250;

    private readonly TemporaryFolder _folder = new();
    private SiloStub _silo = null!;
    private SiloClient _client = null!;
    private CachedCheckpoints _cache = null!;

    private static CancellationToken Stopping => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _silo = await SiloStub.StartAsync();
        _client = new SiloClient(_silo.Address, key: null, TimeProvider.System);
        var link = new SiloLink(_silo.Address, seed: 1, TimeProvider.System, NullLogger.Instance);
        _cache = new CachedCheckpoints(_folder.Path, Limit, _client, link, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    private static (BlobReference Blob, byte[] Bytes) Checkpoint(byte content)
    {
        byte[] bytes = [.. Enumerable.Repeat(content, 100)];
        return (new BlobReference(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length), bytes);
    }

    private BlobReference Stored(byte content)
    {
        (BlobReference blob, byte[] bytes) = Checkpoint(content);
        _silo.Blobs[blob.Sha256] = bytes;
        return blob;
    }

    [Fact]
    public async Task Forks_of_one_checkpoint_fetch_it_once()
    {
        BlobReference blob = Stored(1);

        CheckpointLoan[] loans = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _cache.BorrowAsync(blob, Stopping)));

        Assert.Single(_silo.Downloads);
        Assert.Single(loans.Select(l => l.Path).Distinct());
        Assert.Equal(_silo.Blobs[blob.Sha256], await File.ReadAllBytesAsync(loans[0].Path, Stopping));
    }

    [Fact]
    public async Task What_is_lent_stays_whatever_the_limit_and_goes_when_it_is_given_back()
    {
        CheckpointLoan[] loans = await Task.WhenAll(Enumerable.Range(1, 4).Select(i => _cache.BorrowAsync(Stored((byte)i), Stopping)));
        Assert.All(loans, loan => Assert.True(File.Exists(loan.Path)));
        Assert.Equal(400, _cache.Bytes);

        foreach (CheckpointLoan loan in loans)
        {
            loan.Dispose();
            loan.Dispose(); // once more is no harm
        }

        Assert.InRange(_cache.Bytes, 1, Limit);
    }

    [Fact]
    public async Task A_result_stays_until_it_is_published()
    {
        (BlobReference blob, byte[] bytes) = Checkpoint(9);
        string file = _folder.File("finished");
        await File.WriteAllBytesAsync(file, bytes, Stopping);
        await _cache.KeepAsync(blob, file, Stopping);
        for (byte i = 1; i <= 4; i++)
        {
            (await _cache.BorrowAsync(Stored(i), Stopping)).Dispose();
        }

        await _cache.PublishAsync(blob, Stopping);

        Assert.Equal(bytes, _silo.Blobs[blob.Sha256]);
        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../../../../../../../../../../../../../../../../../../etc/passwd")]
    public async Task What_is_no_hash_never_becomes_a_path(string hash) =>
        await Assert.ThrowsAsync<CheckpointLostException>(() => _cache.BorrowAsync(new BlobReference(hash, 1), Stopping));

    [Fact]
    public async Task A_file_that_is_not_what_the_trainer_said_is_not_kept()
    {
        (BlobReference blob, byte[] bytes) = Checkpoint(9);
        await File.WriteAllBytesAsync(_folder.File("short"), bytes[1..], Stopping);
        bytes[7]++;
        await File.WriteAllBytesAsync(_folder.File("other"), bytes, Stopping);

        await Assert.ThrowsAsync<CheckpointMismatchException>(() => _cache.KeepAsync(blob, _folder.File("short"), Stopping));
        await Assert.ThrowsAsync<CheckpointMismatchException>(() => _cache.KeepAsync(blob, _folder.File("other"), Stopping));
        await Assert.ThrowsAsync<CheckpointMismatchException>(() => _cache.KeepAsync(blob, _folder.File("none"), Stopping));
    }
}
