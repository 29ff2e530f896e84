using System.CommandLine;
using Orchestrator.Benchmarks.Bo;
using Orchestrator.Benchmarks.Faults;

// Each benchmark is a subcommand that prints a table and can be run again; figures of a run on a named machine are in
// the README. Nothing here is timed by the tests.
var root = new RootCommand("Benchmarks of the orchestrator.")
{
    ForecasterBenchmark.Command(),
    KillBenchmark.Command(),
};
return await root.Parse(args).InvokeAsync();
