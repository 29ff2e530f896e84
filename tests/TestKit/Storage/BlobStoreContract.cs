using System.Security.Cryptography;
using Orchestrator.Grains.Storage;
using Xunit;

namespace Orchestrator.TestKit.Storage;

/// <summary>What every blob store does. A provider's tests inherit this and say how to open its store.</summary>
public abstract class BlobStoreContract : IAsyncLifetime
{
    /// <summary>The store under test, empty at first.</summary>
    protected IBlobStore Store { get; private set; } = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await CleanAsync();
    }

    /// <summary>Opens the store of this test; the same place each time.</summary>
    protected abstract Task<IBlobStore> OpenAsync();

    /// <summary>Removes the place.</summary>
    protected abstract Task CleanAsync();

    /// <summary>Changes one byte of a stored blob behind the store's back.</summary>
    protected abstract Task DamageAsync(string sha256);

    /// <summary>Bytes that are different for each seed, and their address.</summary>
    protected static (byte[] Bytes, string Sha256) Blob(int length, byte seed = 1)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i * 31) + (i >> 8) + seed);
        }

        return (bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(131_072)]
    [InlineData(1_000_003)]
    public async Task Bytes_come_back_as_they_were_put(int length)
    {
        (byte[] bytes, string sha256) = Blob(length);
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        Assert.Equal(bytes, await ReadAsync(sha256));
        Assert.Equal(length, await Store.LengthAsync(sha256, Ct));
        Assert.True(await Store.VerifyAsync(sha256, Ct));
    }

    [Fact]
    public async Task What_was_never_put_is_not_there()
    {
        string sha256 = new('a', 64);
        Assert.Null(await Store.OpenAsync(sha256, Ct));
        Assert.Null(await Store.LengthAsync(sha256, Ct));
        Assert.False(await Store.VerifyAsync(sha256, Ct));
        await Store.DeleteAsync(sha256, Ct);
    }

    [Fact]
    public async Task Bytes_with_another_hash_are_refused_and_not_stored()
    {
        string sha256 = Blob(100).Sha256;
        await Assert.ThrowsAsync<BlobMismatchException>(
            () => Store.PutAsync(sha256, new MemoryStream(Blob(100, seed: 2).Bytes), Ct));
        Assert.Null(await Store.LengthAsync(sha256, Ct));
    }

    [Fact]
    public async Task Many_may_put_the_same_bytes_at_once()
    {
        (byte[] bytes, string sha256) = Blob(300_000);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.PutAsync(sha256, new MemoryStream(bytes), Ct)));
        Assert.Equal(bytes, await ReadAsync(sha256));
    }

    [Fact]
    public async Task A_reader_keeps_its_bytes_while_the_blob_is_put_again_or_deleted()
    {
        (byte[] bytes, string sha256) = Blob(300_000);
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        await using Stream reader = (await Store.OpenAsync(sha256, Ct))!;
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        await Store.DeleteAsync(sha256, Ct);
        using var read = new MemoryStream();
        await reader.CopyToAsync(read, Ct);
        Assert.Equal(bytes, read.ToArray());
        Assert.Null(await Store.OpenAsync(sha256, Ct));
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        string sha256 = Blob(300_000).Sha256;
        await Assert.ThrowsAsync<EndOfStreamException>(() => Store.PutAsync(sha256, new BreakingStream(200_000), Ct));
        Assert.Null(await Store.LengthAsync(sha256, Ct));
    }

    [Fact]
    public async Task Changed_bytes_are_found_out_and_mended_by_putting_the_blob_again()
    {
        (byte[] bytes, string sha256) = Blob(1000);
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        await DamageAsync(sha256);
        Assert.False(await Store.VerifyAsync(sha256, Ct));
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        Assert.True(await Store.VerifyAsync(sha256, Ct));
    }

    [Fact]
    public async Task Blobs_are_there_after_a_restart()
    {
        (byte[] bytes, string sha256) = Blob(1000);
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        IBlobStore again = await OpenAsync();
        Assert.True(await again.VerifyAsync(sha256, Ct));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_no_address_is_refused(string address)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenAsync(address, Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.PutAsync(address, new MemoryStream(), Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(address, Ct));
    }

    private async Task<byte[]> ReadAsync(string sha256)
    {
        await using Stream stream = (await Store.OpenAsync(sha256, Ct))!;
        using var read = new MemoryStream();
        await stream.CopyToAsync(read, Ct);
        return read.ToArray();
    }

    /// <summary>Gives zeros, then breaks off, as a connection does.</summary>
    private sealed class BreakingStream(int length) : MemoryStream(new byte[length])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 ? read : throw new EndOfStreamException("cut off");
        }
    }
}
