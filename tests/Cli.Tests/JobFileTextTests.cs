using NJsonSchema;
using Orchestrator.Cli.JobFiles;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

/// <summary>The published schema agrees with the reader, and text that is no job file is refused as such.</summary>
public sealed class JobFileTextTests
{
    [Theory]
    [InlineData("digits.yaml")]
    [InlineData("fashion-cnn.yaml")]
    [InlineData("shakespeare.yaml")]
    public async Task Each_example_fits_the_schema(string name)
    {
        JobFile file = JobFile.Read(Path.Combine(Executables.Root, "examples", name));
        JsonSchema schema = await JsonSchema.FromJsonAsync(JobSchema.Text, TestContext.Current.CancellationToken);

        Assert.Empty(schema.Validate(file.Root.GetRawText()));
    }

    [Theory]
    [InlineData("name: [")]
    [InlineData("name: a\nname: b")]
    [InlineData("\tname: a")]
    [InlineData("")]
    [InlineData("- a")]
    [InlineData("a: &x [*x]")]
    public void Broken_text_is_refused_without_an_exception(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("broken.yaml"), text);

        JobFile file = JobFile.Read(folder.File("broken.yaml"));

        Assert.Null(file.Spec);
        Assert.NotEmpty(file.Problems);
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused() =>
        Assert.Contains("cannot be read", Assert.Single(JobFile.Read("nowhere.yaml").Problems).Message, StringComparison.Ordinal);
}
