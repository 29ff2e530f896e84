using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

public sealed class ForecastCommandTests : IDisposable
{
    private const string Header = "workload,stage,start_step,lr,seed,step,train_loss,val_loss\n";

    private readonly TemporaryFolder _folder = new();
    private readonly CommandLine _command = new();

    public void Dispose()
    {
        _command.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_report_has_the_shape_that_the_protocol_gives_it()
    {
        Assert.Equal(ExitCodes.Succeeded, await _command.RunAsync("forecast", "--json", "--curves", Curves()));
        JsonNode report = JsonNode.Parse(_command.Output)!;
        Assert.Equal(1, (int)report["schema"]!);
        JsonNode row = Assert.Single(report["workloads"]!.AsArray())!;
        Assert.Equal("toy", (string?)row["workload"]);
        Assert.Equal(8, (int)row["segments"]!);
        Assert.Equal(2, (int)row["diverged"]!);
        Assert.Equal(0, (int)row["failures"]!);
        Assert.All(["median", "p90"], name => Assert.InRange((double)row["error"]![name]!, 0, 1));
        Assert.InRange((double)row["spearman"]!, -1, 1);
        Assert.True((double)row["regret"]! >= 0);
        Assert.InRange((double)row["coverage"]!, 0, 1);
        Assert.All(["median", "p90", "spearman", "regret"], name => Assert.NotNull(row["lastValue"]![name]));
        Assert.Equal(row["regret"]!.ToString(), report["pooled"]!["regret"]!.ToString());
    }

    [Fact]
    public async Task People_get_a_table_of_all_forecasters()
    {
        Assert.Equal(ExitCodes.Succeeded, await _command.RunAsync("forecast", "--curves", Curves()));
        Assert.All(["all candidates together", "each curve for itself", "as published", "last value"], name => Assert.Contains(name, _command.Output));
    }

    [Theory]
    [InlineData("workload,stage,lr,seed,step,train_loss\n", "1: val_loss: the header has no such column")]
    [InlineData("", "1: workload: the header has no such column")]
    [InlineData(Header, "found no line below the header")]
    [InlineData(Header + "toy,0,0,0.1,0,0,1,\ntoy,0,0,fast,0,1,1,\n", "3: lr: found \"fast\"; a number is wanted")]
    [InlineData(Header + "toy,0,0,-1,0,0,1,\n", "2: lr: found -1; a rate above 0 is wanted")]
    [InlineData(Header + "toy,0,0,0.1,0,first,1,\n", "2: step: found \"first\"; a whole number")]
    [InlineData(Header + "toy,0,0,0.1\n", "2: seed: found \"\"; a whole number")]
    public async Task What_is_wrong_with_a_file_is_said_with_its_line_and_column(string text, string said)
    {
        string file = Path.Combine(_folder.Path, "curves.csv");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.BadInput, await _command.RunAsync("forecast", "--curves", file));
        Assert.Contains(said, _command.Error);
        Assert.Contains(file, _command.Error);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        Assert.Equal(ExitCodes.BadInput, await _command.RunAsync("forecast", "--curves", "nowhere.csv"));
        Assert.Contains("nowhere.csv: there is no such file", _command.Error);
    }

    /// <summary>Two stages of four rates, the largest of which runs off.</summary>
    private string Curves()
    {
        var text = new StringBuilder(Header);
        foreach (int stage in new[] { 0, 1 })
        {
            foreach (double rate in new[] { 0.01, 0.03, 0.1, 1 })
            {
                for (int step = 0; step < 100; step++)
                {
                    double loss = rate == 1 ? (step < 50 ? 2 + step : double.NaN) : 1 + Math.Exp(-rate * step / 2) - (0.1 * stage);
                    text.Append(CultureInfo.InvariantCulture, $"toy,{stage},{stage * 100},{rate},0,{step},{loss},{loss}\n");
                }
            }
        }

        string file = Path.Combine(_folder.Path, "curves.csv");
        File.WriteAllText(file, text.ToString());
        return file;
    }
}
