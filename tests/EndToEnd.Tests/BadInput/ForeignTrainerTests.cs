using Orchestrator.TestKit.Workers;

namespace Orchestrator.EndToEnd.Tests.BadInput;

/// <summary>A trainer that is any program: what it does wrong fails its job, with its last words, and nothing else.</summary>
public sealed class ForeignTrainerTests(ServedWorkers workers)
{
    [Theory]
    [InlineData("garbage", "no protocol message came for 4 s (hangSeconds)")]
    [InlineData("mute", "`open` was not answered for 4 s (hangSeconds)")]
    [InlineData("hang", "no protocol message came for 4 s (hangSeconds)")]
    [InlineData("malformed", "it broke the trainer protocol")]
    [InlineData("too_long", "it broke the trainer protocol")]
    [InlineData("wrong_rates", "did not keep to the rate plan", "planned was")]
    [InlineData("abort", "SIGABRT", "terminate called after throwing an instance of 'c10::Error'")]
    [InlineData("exit", "exited with code 3", "I give up")]
    [InlineData("memory", "bytes of memory; the job allows 100000000")]
    [InlineData("wrong_hash", "The trainer's checkpoint is not what it said")]
    public async Task A_misbehaving_trainer_fails_its_job_with_its_last_words(string behave, params string[] words)
    {
        (int code, string output, string error) = await workers.SubmitAsync(behave, Job(behave));
        Assert.True(code == 1, $"exit code {code}: {output}{error}");
        Assert.All(words, word => Assert.Contains(word, error));
        await workers.AssertAliveAsync();
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        string job = Job("nothing").Replace(Command, "/no/such/program");
        (int code, _, string error) = await workers.SubmitAsync("nowhere", job);
        Assert.Equal(1, code);
        Assert.Contains("there is no program /no/such/program", error);
        await workers.AssertAliveAsync();
    }

    [Fact]
    public async Task A_command_is_refused_where_no_agent_allows_it()
    {
        (int code, _, string error) = await workers.SubmitAsync("refused", Job("nothing") + "resources: { pool: closed }\n");
        Assert.Equal(2, code);
        Assert.Contains("refused.yaml:3: trainer.command", error);
        Assert.Contains("--allow-command", error);
    }

    private static string Command => string.Join(", ", FakeTrainer.Command);

    private static string Job(string behave) => $$"""
        name: foreign
        trainer:
          command: [{{Command}}]
          hangSeconds: {{(behave is "garbage" or "mute" or "hang" ? 4 : 60)}}
          settings: { behave: {{behave}} }
        objective: { metric: validation_loss, type: minimize }
        steps: 10
        segmentSteps: 10
        schedule: { algorithm: fixed, settings: { kind: constant, peak: 0.1 } }
        {{(behave == "memory" ? "resources: { memory: 100MB }" : "")}}

        """;
}
