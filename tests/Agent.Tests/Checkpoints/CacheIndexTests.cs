using System.Globalization;
using CsCheck;
using Orchestrator.TestKit;
using Orchestrator.Workers.Agent.Checkpoints;

namespace Orchestrator.Agent.Tests.Checkpoints;

public sealed class CacheIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Name(int i) => i.ToString("x", CultureInfo.InvariantCulture).PadLeft(64, 'a');

    private void Put(CacheIndex index, int i, int bytes)
    {
        File.WriteAllBytes(BlobFile.PathIn(_folder.Path, Name(i)), new byte[bytes]);
        index.Use(Name(i), bytes);
    }

    private bool Has(int i) => File.Exists(BlobFile.PathIn(_folder.Path, Name(i)));

    [Fact]
    public void The_least_recently_used_go_first_and_pinned_ones_stay()
    {
        var index = CacheIndex.Open(_folder.Path, limit: 30);
        Put(index, 0, 10);
        index.Pin(Name(0));
        Put(index, 1, 10);
        Put(index, 2, 5);
        index.Use(Name(1), 10);

        Put(index, 3, 10);

        Assert.Equal([true, true, false, true], Enumerable.Range(0, 4).Select(Has));
        Put(index, 4, 20);
        Assert.Equal([true, false, false, false, true], Enumerable.Range(0, 5).Select(Has));
        index.Unpin(Name(0));
        Put(index, 5, 5);
        Assert.Equal([false, false, false, false, true, true], Enumerable.Range(0, 6).Select(Has));
    }

    [Fact]
    public void A_new_start_takes_up_what_is_there_and_sweeps_what_was_not_finished()
    {
        Put(CacheIndex.Open(_folder.Path, 100), 0, 10);
        string unfinished = BlobFile.PathIn(_folder.Path, Name(1)) + ".0.tmp";
        File.WriteAllText(unfinished, "half");

        var index = CacheIndex.Open(_folder.Path, 100);

        Assert.Equal(10, index.Bytes);
        Assert.False(File.Exists(unfinished));
    }

    [Fact]
    public void Bytes_are_those_on_disk_and_within_the_limit_but_for_what_is_pinned()
    {
        const int limit = 30;
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 9]).Array[0, 60].Sample(
            steps =>
            {
                using var folder = new TemporaryFolder();
                var index = CacheIndex.Open(folder.Path, limit);
                int[] pins = new int[10];
                foreach ((int what, int i) in steps)
                {
                    switch (what)
                    {
                        case 0:
                            index.Pin(Name(i));
                            pins[i]++;
                            break;
                        case 1 when pins[i] > 0:
                            pins[i]--;
                            index.Unpin(Name(i));
                            break;
                        case 2:
                            index.Remove(Name(i));
                            break;
                        case >= 3:
                            File.WriteAllBytes(BlobFile.PathIn(folder.Path, Name(i)), new byte[i]);
                            index.Use(Name(i), i);
                            break;
                    }

                    long onDisk = new DirectoryInfo(folder.Path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
                    Assert.Equal(onDisk, index.Bytes);
                    Assert.True(index.Bytes <= limit + Enumerable.Range(0, 10).Where(p => pins[p] > 0).Sum());
                }
            },
            iter: 30);
    }
}
