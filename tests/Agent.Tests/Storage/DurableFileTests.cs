using Orchestrator.TestKit;
using Orchestrator.Workers.Agent.Storage;

namespace Orchestrator.Agent.Tests.Storage;

public sealed class DurableFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_written_replaced_and_adopted_and_nothing_else_is_left()
    {
        DurableFile.Write(_folder.File("a"), "one"u8);
        DurableFile.Write(_folder.File("a"), "two"u8);
        File.WriteAllText(_folder.File("b"), "three");
        DurableFile.Adopt(_folder.File("b"), _folder.File("c"));

        Assert.Equal("two", File.ReadAllText(_folder.File("a")));
        Assert.Equal("three", File.ReadAllText(_folder.File("c")));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void A_full_disk_is_told_from_other_errors()
    {
        IOException full = Assert.Throws<IOException>(() => File.WriteAllBytes("/dev/full", new byte[10]));

        Assert.True(DiskFull.Is(full));
        Assert.False(DiskFull.Is(Assert.Throws<FileNotFoundException>(() => File.ReadAllBytes(_folder.File("none")))));
    }

    [Fact]
    public async Task A_state_folder_that_was_let_go_is_open_to_the_next()
    {
        using (await StateFolder.OpenAsync(_folder.File("state"), TimeProvider.System, TestContext.Current.CancellationToken))
        {
            File.WriteAllText(Path.Combine(_folder.File("state"), "scratch", "left"), "");
        }

        using StateFolder next = await StateFolder.OpenAsync(_folder.File("state"), TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Empty(Directory.GetFiles(next.Scratch));
    }
}
