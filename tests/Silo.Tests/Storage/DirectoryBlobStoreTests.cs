using Orchestrator.Grains.Storage;
using Orchestrator.Silo.Storage;
using Orchestrator.Silo.Storage.Files;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Storage;

namespace Orchestrator.Silo.Tests.Storage;

public sealed class DirectoryBlobStoreTests : BlobStoreContract
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected override Task<IBlobStore> OpenAsync() => Task.FromResult<IBlobStore>(new DirectoryBlobStore(_folder.Path));

    protected override Task CleanAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    protected override async Task DamageAsync(string sha256)
    {
        string path = PathOf(sha256);
        byte[] bytes = await File.ReadAllBytesAsync(path, Ct);
        bytes[0] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Ct);
    }

    [Fact]
    public async Task A_blob_lies_under_the_first_two_digits_of_its_address()
    {
        (byte[] bytes, string sha256) = Blob(10);
        await Store.PutAsync(sha256, new MemoryStream(bytes), Ct);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(PathOf(sha256), Ct));
    }

    [Fact]
    public async Task Nothing_temporary_is_left_by_a_refusal_or_by_a_process_that_was_killed()
    {
        await File.WriteAllTextAsync(_folder.File(Path.Combine("incoming", "cut-off")), "x", Ct);
        await OpenAsync();
        await Assert.ThrowsAsync<BlobMismatchException>(() => Store.PutAsync(new string('a', 64), new MemoryStream(), Ct));
        Assert.Empty(Directory.EnumerateFiles(_folder.File("incoming")));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused()
    {
        File.WriteAllText(_folder.File("file"), "x");
        Assert.Throws<StoreRefusedException>(() => new DirectoryBlobStore(_folder.File("file")));
    }

    [Theory]
    [InlineData(28, true)]
    [InlineData(122, true)]
    [InlineData(5, false)]
    public void A_full_disk_is_told_from_other_errors(int errno, bool full) =>
        Assert.Equal(full, DirectoryBlobStore.IsFull(new IOException("x", errno)));

    [Fact]
    public async Task A_full_disk_is_said_to_be_full()
    {
        // A device that has no room, ever: what is read never matters, writing to it fails as on a full disk.
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full on this system");
        IOException e = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1);
            await full.WriteAsync(new byte[4096], Ct);
        });
        Assert.True(DirectoryBlobStore.IsFull(e));
    }

    private string PathOf(string sha256) => _folder.File(Path.Combine(sha256[..2], sha256));
}
