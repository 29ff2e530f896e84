using System.Text.Json;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

public sealed class CommandTests : IDisposable
{
    private readonly CommandLine _command = new();

    public void Dispose() => _command.Dispose();

    [Fact]
    public async Task Schema_checks_files()
    {
        Assert.Equal(0, await _command.RunAsync("schema", Path.Combine(Executables.Root, "examples", "digits.yaml")));
        Assert.Contains("digits.yaml: valid", _command.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_json_on_demand()
    {
        Assert.Equal(0, await _command.RunAsync("version", "--json"));
        Assert.True(JsonDocument.Parse(_command.Output).RootElement.TryGetProperty("version", out _));
    }

    [Theory]
    [InlineData("advise", "some-job")]
    [InlineData("run", "nowhere.yaml")]
    [InlineData("submit", "nowhere.yaml")]
    [InlineData("run")]
    [InlineData("nonsense")]
    [InlineData("data", "fetch", "nonsense")]
    [InlineData("list", "--server", "nonsense")]
    [InlineData("export", "some-job", "--format", "optax")]
    public async Task Bad_input_exits_with_2_and_says_why(params string[] arguments)
    {
        Assert.Equal(2, await _command.RunAsync(arguments));
        Assert.NotEmpty(_command.Error + _command.Output);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_exits_with_3()
    {
        Assert.Equal(3, await _command.RunAsync("list", "--server", "http://127.0.0.1:1"));
        Assert.Contains("http://127.0.0.1:1", _command.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_lists_the_shipped_set_and_how_to_get_the_others()
    {
        Assert.Equal(0, await _command.RunAsync("data"));
        Assert.Contains("CC BY 4.0", _command.Output, StringComparison.Ordinal);
        Assert.Contains("orchestrator data fetch fashion-mnist", _command.Output, StringComparison.Ordinal);
    }
}
