using System.Globalization;
using System.Text.RegularExpressions;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.AutoLrs;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches.AutoLrs;

public sealed partial class AutoLrsSearchTests : SearchContract
{
    protected override ISearch Create(SearchProblem problem) => new AutoLrsSearch(problem, Settings());

    [Fact]
    public void The_candidates_of_a_stage_are_one_wave_from_one_checkpoint_the_range_at_first_with_both_ends()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        var wave = run.Stretches.TakeWhile(s => s.Plan is { Role: StretchRole.Probe, Parent: null }).ToList();
        Assert.Equal(10, wave.Count);
        Assert.Equal(1e-3, wave.Min(probe => probe.Plan.Runs[0].From), 12);
        Assert.Equal(1, wave.Max(probe => probe.Plan.Runs[0].From), 12);
        double[] logs = [.. wave.Select(probe => Math.Log(probe.Plan.Runs[0].From)).Order()];
        Assert.All(logs.Zip(logs.Skip(1), (a, b) => b - a), gap => Assert.Equal(logs[1] - logs[0], gap, 9));
    }

    [Fact]
    public void The_worse_half_of_a_race_ends_early_and_the_winner_goes_on_from_its_own_probe()
    {
        var search = new AutoLrsSearch(Problem(), Settings() with { ProbeSteps = 20 });
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Run();
        var first = run.Stretches.Where(s => s.Plan is { Stage: 0, Role: StretchRole.Probe }).ToList();
        Assert.Equal(10, first.Count(s => s.Plan.Start == 0));
        Assert.InRange(first.Count(s => s.Plan.Start == 5), 2, 5);
        Assert.InRange(first.Count(s => s.Plan.Start == 10), 2, 3);
        ChooseRate choice = run.Decisions<ChooseRate>().First();
        Assert.Equal(3, choice.Taken.Count);
        SimulatedRecord<QuadraticState> path = run.Stretches.First(s => s.Plan is { Stage: 0, Role: StretchRole.Path });
        Assert.Equal(choice.Taken[^1], path.Plan.Parent);
        Assert.Equal(20, path.Plan.Start);
    }

    [Fact]
    public void A_reason_compares_what_was_compared()
    {
        ChooseRate[] choices = [.. Enumerable.Range(1, 20).SelectMany(seed => Run(Problem() with { Seed = seed }).Decisions<ChooseRate>()).Where(choice => choice.Candidates.Count > 0)];
        ChooseRate[] raced = [.. choices.Where(choice => Furthest().IsMatch(choice.Reason))];
        Assert.NotEmpty(raced);
        Assert.All(raced, choice => Assert.Equal(
            choice.Candidates.Where(candidate => candidate.Outcome == StretchOutcome.Succeeded).GroupBy(candidate => candidate.ProbeSteps).MaxBy(group => group.Key)!.Count(),
            (int)Number(Furthest().Match(choice.Reason), "count")));
        Match[] told = [.. choices.Select(choice => Told().Match(choice.Reason)).Where(match => match.Success)];
        Assert.NotEmpty(told);
        Assert.All(told, match => Assert.True(Number(match, "lowest") <= Number(match, "equal"), match.Value));
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(10, 2)]
    [InlineData(20, 3)]
    [InlineData(400, 3)]
    public void A_short_probe_has_fewer_rounds(long probeSteps, int rounds) => Assert.Equal(rounds, RaceRounds.Count(probeSteps, racing: true));

    [Fact]
    public void A_race_costs_less_than_half_of_trying_all_candidates_in_full()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.True(run.Search < 0.45 * Steps, $"{run.Search}");
    }

    [Fact]
    public void From_the_middle_on_at_the_latest_the_rate_decays_linearly_to_nothing_without_probes()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        long from = run.Schedule.TakeWhile(piece => piece.From == piece.To).Sum(piece => piece.Steps);
        Assert.InRange(from, Steps / 5, Steps / 2);
        RateRun[] decay = [.. run.Schedule.SkipWhile(piece => piece.From == piece.To)];
        Assert.Equal(0, decay[^1].To);
        Assert.All(decay.Zip(decay.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));

        // The same slope throughout, but for the stage in which it may begin in the middle, after a probe.
        Assert.Equal((decay[^1].From - decay[^1].To) / decay[^1].Steps, (decay[1].From - decay[1].To) / decay[1].Steps, 9);
        Assert.DoesNotContain(run.Stretches, s => s.Plan.Role == StretchRole.Probe && s.Plan.Start > Steps / 2);
    }

    [Fact]
    public void The_first_stage_is_chosen_by_what_rates_reach_once_cooled_down_on_forks()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Stretch[] forks = [.. run.Stretches.Select(s => s.Plan).Where(s => s is { Role: StretchRole.Probe, Continues: false })];
        Assert.True(forks.Length > 1);
        Assert.All(forks, fork =>
        {
            Assert.Equal((0, 0.0, true), (fork.Stage, fork.Runs[^1].To, fork.ValidateAtEnd));
            Assert.DoesNotContain(run.Stretches, other => other.Plan.Parent == fork.Number);
        });
        ChooseRate first = run.Decisions<ChooseRate>().First();
        Assert.Equal(forks.Length, first.Candidates.Count(c => c.Score is not null));
        Assert.Equal(first.Chosen, first.Candidates.Where(c => c.Score is not null).MinBy(c => c.Score)!.Rate);

        // Rates of the grid are more than an octave apart; the next stage begins between them.
        double spacing = first.Candidates[1].Rate / first.Candidates[0].Rate;
        double next = run.Decisions<ChooseRate>().ElementAt(1).Candidates.Min(c => c.Rate);
        Assert.InRange(next / first.Chosen!.Value, (1 / Math.Sqrt(spacing)) - 1e-9, Math.Sqrt(spacing) + 1e-9);
    }

    [Fact]
    public void A_lower_rate_is_tried_only_after_a_stage_that_did_harm()
    {
        foreach (long seed in (long[])[1, 2, 3, 4, 5, 6, 7, 8])
        {
            SimulatedSearch<QuadraticState> run = Run(Problem() with { Seed = seed });
            // A stage that was ruined is chosen twice.
            ChooseRate[] choices = [.. run.Decisions<ChooseRate>().GroupBy(choice => choice.Stage).Select(stage => stage.Last())];
            double?[] realised = [.. run.Decisions<RealiseStage>().GroupBy(stage => stage.Stage).Select(stage => stage.Last().Realised)];
            for (int stage = 2; stage < choices.Length; stage++)
            {
                bool harm = realised[stage - 1] >= realised[stage - 2];
                double running = choices[stage - 1].Runs[^1].To;
                Assert.True(harm || choices[stage].Candidates.All(c => c.Rate >= running * (1 - 1e-9)), $"seed {seed}, stage {stage}");
            }
        }
    }

    [Fact]
    public void However_many_stages_there_are_none_is_chosen_from_below_the_range_before_the_decay()
    {
        // Stages of a few steps on a noisy loss.
        var problem = new SearchProblem(1100, 1e-3, 0.5, null, 7, 1);
        var search = new AutoLrsSearch(problem, Settings() with { StageSteps = 10, ProbeSteps = 5, Candidates = 4 });
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Run();
        ChooseRate[] choices = [.. run.Decisions<ChooseRate>()];
        Assert.True(choices.Length > 100);
        Assert.All(choices.TakeWhile(choice => choice.Runs[^1].To == choice.Runs[^1].From), choice =>
            Assert.True(choice.Chosen >= 1e-3 * (1 - 1e-9), $"stage {choice.Stage}: {choice.Chosen}"));
        Assert.Equal(0, run.Schedule[^1].To);
    }

    [Fact]
    public void Without_racing_and_annealing_each_candidate_runs_its_whole_probe_and_every_stage_is_constant()
    {
        var search = new AutoLrsSearch(Problem(), Settings() with { Racing = false, Anneal = false });
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Run();
        Assert.All(run.Stretches.Where(s => s.Plan.Role == StretchRole.Probe), probe => Assert.Equal(12, probe.Plan.Steps));
        Assert.All(run.Schedule, piece => Assert.Equal(piece.From, piece.To));
    }

    [Fact]
    public void A_stage_is_probed_only_where_its_probes_promise_more_than_their_steps_brought_as_training()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        PlanStretch[] weighed = [.. run.Decisions<PlanStretch>().Where(plan => plan.Gain is not null)];
        ChooseRate[] kept = [.. run.Decisions<ChooseRate>().Where(choice => choice.Candidates.Count == 0)];
        Assert.All(weighed, plan => Assert.True(plan.Gain >= 0));
        Assert.All(weighed, plan => Assert.True(plan.Cost.Search > 0));
        Assert.NotEmpty(kept);
    }

    [Fact]
    public void A_rate_that_diverged_is_never_chosen()
    {
        // Probes long enough for the guard to see the rise.
        var search = new AutoLrsSearch(new SearchProblem(Steps, 1e-3, 100, null, 3, 1), Settings() with { Racing = false });
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 3)).Run();
        Assert.Contains(run.Stretches, stretch => stretch.Result.Outcome == StretchOutcome.Diverged);
        Assert.Null(run.Failure);
        Assert.True(double.IsFinite(new SimulatedQuadratic(NoisyQuadratic.Standard(), 3).Loss(run.Model)));
        Assert.All(run.Decisions<ChooseRate>().Where(choice => choice.Candidates.Count > 0), choice =>
            Assert.Equal(StretchOutcome.Succeeded, choice.Candidates.Single(c => c.Rate == choice.Chosen).Outcome));
    }

    [Fact]
    public void A_range_that_nothing_survives_fails_and_names_it()
    {
        SimulatedSearch<QuadraticState> run = Run(new SearchProblem(Steps, 1e3, 1e6, null, 3, 1));
        Assert.Equal("no_stable_rate", run.Failure!.Code);
        Assert.Contains("1000", run.Failure.Reason);
        Assert.Contains("1E+06", run.Failure.Reason);
    }

    /// <summary>The expected loss of the lowest, and of the one that cannot be told from it.</summary>
    [GeneratedRegex(@"end of the stage, (?<lowest>\S+) with .* with (?<equal>[^ ,]+),? cannot be told", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Told();

    /// <summary>How many rates ran to the end of the race.</summary>
    [GeneratedRegex(@"the (?<count>\d+) rates that went furthest", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Furthest();

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static AutoLrsSettings Settings() => new(120, 1, null, 12, 10, SearchSignal.Training, 1000);
}
