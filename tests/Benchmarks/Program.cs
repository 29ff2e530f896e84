using System.CommandLine;
using Orchestrator.Benchmarks.Bo;
using Orchestrator.Benchmarks.Clusters;
using Orchestrator.Benchmarks.Curves;
using Orchestrator.Benchmarks.Faults;
using Orchestrator.Benchmarks.OnTheClock;
using Orchestrator.Benchmarks.Policies;
using Orchestrator.Benchmarks.Training;

// Each benchmark is a subcommand that prints a table and can be run again; figures of a run on a named machine are in
// the README. Nothing here is timed by the tests.
var root = new RootCommand("Benchmarks of the orchestrator.")
{
    OnTheClockBenchmark.Command(),
    CurveBenchmark.Command(),
    PolicyBenchmark.Command(),
    GaussianProcessBenchmark.Command(),
    RegretBenchmark.Command(),
    KillBenchmark.Command(),
};
foreach (Command command in TrainerBenchmarks.Commands().Concat(ClusterBenchmarks.Commands()))
{
    root.Add(command);
}

return await root.Parse(args).InvokeAsync();
