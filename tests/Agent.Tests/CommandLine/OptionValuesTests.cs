using Orchestrator.TestKit;
using Orchestrator.Workers.Agent;
using Orchestrator.Workers.Agent.CommandLine;

namespace Orchestrator.Agent.Tests.CommandLine;

public sealed class OptionValuesTests
{
    [Fact]
    public void Defaults_are_those_of_the_protocol()
    {
        AgentOptions options = OptionValues.Resolve(new RawOptions());

        Assert.Equal(new Uri("http://127.0.0.1:5080/"), options.Server);
        Assert.Equal("default", options.Pool);
        Assert.Equal(Environment.ProcessorCount, options.Slots);
        Assert.Equal(["cpu"], options.Devices);
        Assert.StartsWith(Environment.MachineName, options.Name, StringComparison.Ordinal);
        Assert.EndsWith(options.Name, options.State, StringComparison.Ordinal);
        Assert.False(options.AllowCommand);
    }

    [Fact]
    public void The_default_name_is_the_same_after_a_restart_and_another_for_another_agent()
    {
        string name = OptionValues.Resolve(new RawOptions()).Name;

        Assert.Equal(name, OptionValues.Resolve(new RawOptions()).Name);
        Assert.NotEqual(name, OptionValues.Resolve(new RawOptions { Pool = "other" }).Name);
        Assert.NotEqual(name, OptionValues.Resolve(new RawOptions { Slots = 77 }).Name);
    }

    [Theory]
    [InlineData("17", 17)]
    [InlineData("3k", 3 << 10)]
    [InlineData("512M", 512L << 20)]
    [InlineData("2T", 2L << 40)]
    public void Bytes_take_powers_of_1024(string text, long bytes) => Assert.Equal(bytes, OptionValues.Bytes("--memory", text));

    public static TheoryData<string, string> Mistakes => new()
    {
        { "server", "127.0.0.1:5080" }, { "server", "ftp://host" }, { "slots", "0" }, { "devices", "gpu" }, { "devices", "cuda:x" }, { "devices", "cpu,cuda:0" },
        { "labels", "gpu" }, { "memory", "12 apples" }, { "memory", "9999999T" }, { "memory", "-1" }, { "cache", "" }, { "metrics", "70000" },
        { "name", "" }, { "pool", "" }, { "data", "/nowhere/at/all" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistakes_are_named(string option, string value)
    {
        var raw = new RawOptions();
        raw = option switch
        {
            "server" => raw with { Server = value },
            "slots" => raw with { Slots = int.Parse(value) },
            "devices" => raw with { Devices = value },
            "labels" => raw with { Labels = [value] },
            "memory" => raw with { Memory = value },
            "cache" => raw with { CacheBytes = value },
            "metrics" => raw with { MetricsPort = int.Parse(value) },
            "name" => raw with { Name = value },
            "data" => raw with { Data = $"/:{value}" },
            _ => raw with { Pool = value },
        };

        string message = Assert.Throws<AgentInputException>(() => OptionValues.Resolve(raw)).Message;

        Assert.Contains($"--{option}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "a": ["python3", "t.py"] }""", null)]
    [InlineData("""{ "a": [] }""", "with a program")]
    [InlineData("""{ "a": "python3" }""", "is to hold")]
    [InlineData("[", "is to hold")]
    public void A_file_of_trainers_is_read_or_refused(string text, string? wrong)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("t.json"), text);
        var raw = new RawOptions { Trainers = folder.File("t.json") };

        if (wrong is null)
        {
            Assert.Equal(["t.py"], OptionValues.Resolve(raw).NamedTrainers["a"].Arguments);
        }
        else
        {
            Assert.Contains(wrong, Assert.Throws<AgentInputException>(() => OptionValues.Resolve(raw)).Message, StringComparison.Ordinal);
        }
    }
}
