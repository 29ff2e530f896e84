namespace Orchestrator.EndToEnd.Tests.BadInput;

/// <summary>Data sets, whole and broken: the message says which file, what was expected, and what to do.</summary>
public sealed class DataTests(ServedWorkers workers)
{
    [Theory]
    [InlineData("own-images", "image-classification", "model: mlp, hidden: 8")]
    [InlineData("own-text", "language-model", "model: transformer, width: 16, layers: 1, heads: 2, context: 16")]
    public async Task A_data_set_nobody_named_works_by_the_name_of_its_folder(string dataset, string workload, string settings)
    {
        (int code, string output, string error) = await workers.SubmitAsync(dataset, Job(dataset, workload, settings));
        Assert.True(code == 0, output + error);
    }

    [Theory]
    [InlineData("annealed", "validation_loss", "minimize")]
    [InlineData("annealed", "validation_accuracy", "maximize")]
    [InlineData("autolrs", "validation_loss", "minimize")]
    public async Task A_set_of_which_one_image_validates_is_searched_to_the_end(string algorithm, string metric, string type)
    {
        (int code, string output, string error) = await workers.SubmitAsync($"one-validates-{algorithm}-{type}", Job(
            "ten-images", "image-classification", "model: mlp, hidden: 8", $"metric: {metric}, type: {type}", steps: 600,
            $"algorithm: {algorithm}, range: {{ min: 1e-4, max: 1, scale: log }}"));
        Assert.True(code == 0, output + error);
    }

    [Fact]
    public async Task A_data_set_that_no_worker_has_is_refused_with_its_line_and_those_there_are()
    {
        (int code, _, string error) = await workers.SubmitAsync("missing", Images("no-such-set"));
        Assert.Equal(2, code);
        Assert.Contains("missing.yaml:4: trainer.settings.dataset: found \"no-such-set\"", error);
        Assert.Contains("own-images", error);
        Assert.Contains("`orchestrator data` says which sets can be fetched", error);
    }

    [Fact]
    public async Task A_set_with_one_of_its_four_files_missing_is_refused_with_the_name_of_the_file()
    {
        (int code, _, string error) = await workers.SubmitAsync("three", Images("three-files"));
        Assert.Equal(2, code);
        Assert.Contains("three.yaml:4: trainer.settings.dataset: found \"three-files\"", error);
        Assert.Contains("t10k-labels-idx1-ubyte", error);
        Assert.Contains(Path.Combine(workers.Data, "three-files"), error);
        Assert.Contains("Copy it there", error);
    }

    [Theory]
    [InlineData("truncated", "train-images-idx3-ubyte.gz is truncated", "expected 7200 bytes (200 × 6 × 6)", "Get it again")]
    [InlineData("wrong-magic", "train-labels-idx1-ubyte is no IDX file", "begins with 504e4721, expected 00000801", "Get it again")]
    public Task A_damaged_image_file_fails_the_job_and_is_named(string dataset, params string[] words) =>
        AssertFailsAsync(dataset, Images(dataset), words);

    [Fact]
    public Task A_text_too_short_for_its_context_fails_the_job_and_says_how_much_is_needed() =>
        AssertFailsAsync("short-text", Text("short-text"), "`short-text` has 9 bytes", "context 16 needs 17, so 170 in all", "Use a longer text or a smaller context");

    [Fact]
    public Task A_text_that_is_not_UTF_8_fails_the_job_and_says_at_which_byte() =>
        AssertFailsAsync("latin1", Text("latin1"), Path.Combine(workers.Data, "latin1", "text.txt"), "byte 5000 (0xe9)", "Convert it");

    private static string Images(string dataset) => Job(dataset, "image-classification", "model: mlp, hidden: 8");

    private static string Text(string dataset) =>
        Job(dataset, "language-model", "model: transformer, width: 16, layers: 1, heads: 2, context: 16");

    private static string Job(
        string dataset,
        string workload,
        string settings,
        string objective = "metric: validation_loss, type: minimize",
        int steps = 20,
        string schedule = "algorithm: fixed, settings: { kind: constant, peak: 0.01 }") => $$"""
        name: {{dataset}}
        trainer:
          workload: {{workload}}
          settings: { dataset: {{dataset}}, {{settings}}, batchSize: 8 }
        objective: { {{objective}} }
        steps: {{steps}}
        segmentSteps: 20
        schedule: { {{schedule}} }
        """;

    private async Task AssertFailsAsync(string name, string job, params string[] words)
    {
        (int code, string output, string error) = await workers.SubmitAsync(name, job);
        Assert.True(code == 1, $"exit code {code}: {output}{error}");
        Assert.All(words, word => Assert.Contains(word, error));
        Assert.DoesNotContain("diverged", error);
        await workers.AssertAliveAsync();
    }
}
