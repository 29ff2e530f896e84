using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Peaks;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches.Peaks;

public sealed class PeakGridTests : SearchContract
{
    private static readonly double[] Peaks = [0.01, 0.03, 0.1, 0.3];

    protected override long Steps => 600;

    protected override ISearch Create(SearchProblem problem) =>
        new PeakSearch(problem, Peaks, [new PeakRung(Peaks.Length, problem.Steps)], (peak, steps) => Compiled(problem, peak, steps));

    [Fact]
    public void All_peaks_are_trained_in_full_and_the_best_is_the_model()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.Equal(3 * Steps, run.Search);
        var problem = new SimulatedQuadratic(NoisyQuadratic.Standard(), 7);
        Assert.Equal(run.Stretches.Min(stretch => problem.Loss(stretch.End)), problem.Loss(run.Model));
    }

    [Fact]
    public void A_peak_that_diverges_is_not_chosen_and_all_of_them_fail_by_name()
    {
        var high = new PeakSearch(Problem(), [0.1, 50], [new PeakRung(2, Steps)], (peak, steps) => Compiled(Problem(), peak, steps));
        Assert.Equal(0.1, Drive(high).Decisions<ChooseRate>().Last().Chosen);
        var all = new PeakSearch(Problem(), [40, 50], [new PeakRung(2, Steps)], (peak, steps) => Compiled(Problem(), peak, steps));
        Assert.Contains("40, 50", Drive(all).Failure!.Reason);
    }

    internal static IReadOnlyList<RateRun> Compiled(SearchProblem problem, double peak, long steps) =>
        new CosineSchedule(peak, 0).Compile(steps - (problem.Warmup?.Steps ?? 0)).After(problem.Warmup);

    internal static SimulatedSearch<QuadraticState> Drive(ISearch search) =>
        new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Run();
}

public sealed class PeakHalvingTests : SearchContract
{
    protected override long Steps => 600;

    protected override ISearch Create(SearchProblem problem) => new PeakSearch(
        problem, PeakPoints.Grid(1e-3, 1, 9), [new PeakRung(9, 60), new PeakRung(3, 120), new PeakRung(1, problem.Steps)],
        (peak, steps) => PeakGridTests.Compiled(problem, peak, steps));

    [Fact]
    public void Each_rung_restarts_shortened_schedules_and_keeps_the_best()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.Equal((9 * 60) + (3 * 120), run.Search);
        ChooseRate[] rungs = [.. run.Decisions<ChooseRate>().Where(choice => choice.Kind == "rung")];
        Assert.Equal([9, 3, 1], rungs.Select(rung => rung.Candidates.Count));
        Assert.Equal(
            rungs[0].Candidates.OrderBy(c => c.Score).Take(3).Select(c => c.Rate).Order(),
            rungs[1].Candidates.Select(c => c.Rate));
        Assert.All(run.Stretches, stretch => Assert.Null(stretch.Plan.Parent));
    }
}

public sealed class PeakPointsTests
{
    [Fact]
    public void A_grid_has_equal_ratios_and_both_ends()
    {
        double[] grid = PeakPoints.Grid(0.01, 1, 5);
        Assert.Equal(0.01, grid[0]);
        Assert.Equal(1, grid[^1]);
        Assert.Equal(0.1, grid[2], 12);
        Assert.Equal(0.1, PeakPoints.Grid(0.01, 1, 1)[0], 12);
    }

    [Fact]
    public void Sobol_points_are_those_of_the_sequence_without_its_origin() =>
        Assert.Equal(
            [0.5, 0.75, 0.25, 0.375, 0.875, 0.625, 0.125],
            PeakPoints.Sobol(1, Math.E, 7).Select(rate => Math.Round(Math.Log(rate), 12)));
}
