using System.Security.Cryptography;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Trainers;

namespace Orchestrator.Trainer.Tests;

/// <summary>The same work gives the same bytes, however it is cut and wherever it is restored from.</summary>
public sealed class BitForBitTests
{
    private const string Digits = """{ "dataset": "digits", "model": "mlp", "hidden": 16, "batchSize": 64, "weightDecay": 0.0005 }""";
    private const string Adam = """{ "dataset": "digits", "model": "mlp", "hidden": 16, "batchSize": 64, "optimizer": "adamw", "weightDecay": 0.1 }""";

    private const string Text = """{ "dataset": "text", "context": 16, "width": 16, "layers": 2, "heads": 2, "batchSize": 4, "optimizer": "adam" }""";

    [Theory]
    [InlineData("noisy-quadratic", "{}")]
    [InlineData("language-model", Text)]
    [InlineData("image-classification", Digits)]
    [InlineData("image-classification", Adam)]
    [InlineData("image-classification", """{ "dataset": "digits", "model": "cnn", "batchSize": 32, "nesterov": true }""")]
    public void Forty_steps_at_once_equal_four_times_ten(string workload, string settings)
    {
        using var folder = new TemporaryFolder();
        string data = WithText(folder);
        using var whole = new TrainerProcess();
        Assert.IsType<ReadyReply>(whole.Open(workload, settings, scratch: folder.Path, data: data));
        string once = Run(whole, folder, "once", null, 0, 40);

        using var warm = new TrainerProcess();
        warm.Open(workload, settings, scratch: folder.Path, data: data);
        string? parent = null;
        for (int piece = 0; piece < 4; piece++)
        {
            parent = Run(warm, folder, $"piece{piece}", parent, 10 * piece, 10);
        }

        Assert.Equal(once, parent);
    }

    [Fact]
    public void A_fork_restored_from_memory_equals_one_restored_from_disk_by_another_process()
    {
        using var folder = new TemporaryFolder();
        using var first = new TrainerProcess();
        first.Open("image-classification", Digits, scratch: folder.Path);
        string parent = Run(first, folder, "parent", null, 0, 10);
        Run(first, folder, "other", parent, 10, 10, rate: 0.3);
        string fromMemory = Run(first, folder, "memory", parent, 10, 10);

        using var second = new TrainerProcess();
        second.Open("image-classification", Digits, scratch: folder.Path);
        Assert.Equal(fromMemory, Run(second, folder, "disk", parent, 10, 10));
    }

    [Fact]
    public void Validation_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new TrainerProcess();
        trainer.Open("image-classification", Digits, scratch: folder.Path);
        string quiet = Run(trainer, folder, "quiet", null, 0, 20);
        string validated = Run(trainer, folder, "validated", null, 0, 20, validate: new ValidationRequest { Every = 5, Split = ValidationSplits.Probe });
        Assert.Equal(quiet, validated);
    }

    [Fact]
    public void Another_seed_gives_another_model()
    {
        using var folder = new TemporaryFolder();
        using var one = new TrainerProcess();
        using var two = new TrainerProcess();
        one.Open("image-classification", Digits, seed: 1, scratch: folder.Path);
        two.Open("image-classification", Digits, seed: 2, scratch: folder.Path);
        Assert.NotEqual(Run(one, folder, "a", null, 0, 5), Run(two, folder, "b", null, 0, 5));
    }

    /// <summary>The shipped data, and a text beside it.</summary>
    private static string WithText(TemporaryFolder folder)
    {
        Directory.CreateDirectory(Path.Combine(folder.File("data"), "text"));
        File.WriteAllText(
            Path.Combine(folder.File("data"), "text", "text.txt"),
            string.Concat(Enumerable.Range(0, 200).Select(line => $"Line {line} of a text that somebody wrote.\n")));
        return $"{folder.File("data")}:{Executables.ShippedData}";
    }

    private static string Run(
        TrainerProcess trainer, TemporaryFolder folder, string name, string? parent, long start, long steps,
        double rate = 0.05, ValidationRequest? validate = null)
    {
        var done = Assert.IsType<DoneReply>(trainer.Train(new TrainRequest
        {
            Segment = name,
            Parent = parent is null ? null : new CheckpointSource(folder.File(parent), parent),
            Output = new CheckpointTarget(folder.File(name)),
            Start = start,
            Steps = steps,
            Plan = new RatePlan([new RateRun(40, rate, rate / 2)], start),
            Validate = validate,
        }));
        byte[] bytes = File.ReadAllBytes(folder.File(name));
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.Equal(hash, done.Checkpoint!.Sha256);
        File.Copy(folder.File(name), folder.File(hash), overwrite: true);
        double[] planned = new RatePlan([new RateRun(40, rate, rate / 2)], start).Expand(steps);
        Assert.Equal(planned, SeriesCsv.Parse(File.ReadAllBytes(done.Series!.Path)).Select(point => point.Rate));
        return hash;
    }
}
