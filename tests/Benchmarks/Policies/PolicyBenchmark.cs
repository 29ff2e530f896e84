using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Simulation;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Optimization;
using Spectre.Console;

namespace Orchestrator.Benchmarks.Policies;

/// <summary>
/// Policies on real trainers without a cluster: final losses, cost, and the wall clock that slots would give. For trying a
/// policy out; claims are made by the table of real jobs.
/// </summary>
internal static class PolicyBenchmark
{
    public static Command Command()
    {
        var workload = new Option<string[]>("--workload") { Required = true, AllowMultipleArgumentsPerToken = true, Description = "mlp, cnn, charlms, digits or quadratic." };
        var policy = new Option<string[]>("--policy") { Required = true, AllowMultipleArgumentsPerToken = true, Description = "annealed, annealed8, annealed:KEY=VALUE,…, autolrs, reference, grid, or KIND:PEAK such as cosine:0.1 or hold:0.05." };
        var seeds = new Option<string>("--seeds") { DefaultValueFactory = _ => "1,2,3", Description = "Seeds, separated by commas." };
        var steps = new Option<long?>("--steps") { Description = "Steps of a run; default: the workload's." };
        var folder = new Option<string>("--keep") { DefaultValueFactory = _ => "runs/policies", Description = "Folder in which trained stretches are kept." };
        var data = new Option<string?>("--data") { Description = "Folder of data sets (ORCHESTRATOR_DATA)." };
        var command = new Command("policy", "Policies on real trainers, without a cluster.") { workload, policy, seeds, steps, folder, data };
        command.SetAction(parse => Run(
            [.. parse.GetRequiredValue(workload).Select(name => PolicyWorkload.All.First(w => w.Name == name))],
            parse.GetRequiredValue(policy),
            [.. parse.GetRequiredValue(seeds).Split(',').Select(long.Parse)],
            parse.GetValue(steps),
            parse.GetRequiredValue(folder),
            parse.GetValue(data) ?? Environment.GetEnvironmentVariable("ORCHESTRATOR_DATA") ?? ""));
        return command;
    }

    private static int Run(PolicyWorkload[] workloads, string[] policies, long[] seeds, long? steps, string folder, string data)
    {
        var table = new Table().AddColumns("workload", "T", "policy", "seed", "peak", "validation", "test", "total / T", "wall 8 / T");
        string all = string.Join(':', new[] { data, TestKit.Processes.Executables.ShippedData }.Where(d => d.Length > 0));
        foreach (PolicyWorkload workload in workloads)
        {
            long length = steps ?? workload.Steps;
            string[] expanded = [.. policies.SelectMany(p => p == "grid" ? workload.Peaks.Select(peak => string.Create(CultureInfo.InvariantCulture, $"cosine:{peak}")) : [p])];
            foreach (string policy in expanded)
            {
                foreach (long seed in seeds)
                {
                    using var problem = new TrainedProblem(workload, seed, folder, all);
                    if (policy.StartsWith("trace:", StringComparison.Ordinal))
                    {
                        Trace(problem, workload, length, double.Parse(policy[6..], CultureInfo.InvariantCulture), seed);
                        continue;
                    }

                    (ISearch search, int parallelism) = Create(policy, workload, length, seed);
                    SimulatedSearch<TrainedState> run = new SearchSimulator<TrainedState>(search, problem, parallelism, slots: 8, overhead: 4).Run();
                    Report(table, workload, length, policy, seed, problem, run);
                }
            }
        }

        AnsiConsole.Profile.Width = 160;
        AnsiConsole.Write(table);
        return 0;
    }

    private static void Trace(TrainedProblem problem, PolicyWorkload workload, long steps, double peak, long seed)
    {
        IReadOnlyList<Orchestrator.Bo.Schedules.RateRun> runs = new StableDecaySchedule(peak, 0, 0.8, DecayShape.Linear).Compile(steps);
        SimulatedStretch<TrainedState> made = problem.Run(problem.Initial, new Stretch(0, null, 0, steps, runs, 0, StretchRole.Path, null, steps / 20, true, true, 0, ""));
        IReadOnlyList<double> losses = made.Result.Losses;
        for (int i = 0; i < made.Result.Validations.Count; i++)
        {
            ValidationPoint v = made.Result.Validations[i];
            double train = losses.Skip((int)(v.Step - (steps / 20))).Take((int)(steps / 20)).Average();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{workload.Name} T={steps} trace {peak} seed {seed}: {(double)v.Step / steps:F2} train {train:F4} probe {v.Loss:F4}"));
        }

        double full = problem.Evaluate(made.End, ValidationSplits.Validation)["validation_loss"];
        double test = problem.Evaluate(made.End, ValidationSplits.Test)["test_accuracy"];
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{workload.Name} T={steps} trace {peak} seed {seed}: final {full:F4} test {test:F4}"));
    }

    private static void Report(
        Table table, PolicyWorkload workload, long steps, string policy, long seed, TrainedProblem problem, SimulatedSearch<TrainedState> run)
    {
        if (run.Failure is { } failure)
        {
            table.AddRow(workload.Name, $"{steps}", policy, $"{seed}", failure.Code, "–", "–", $"{run.Total / steps:F3}", $"{run.Wall / steps:F3}");
            return;
        }

        IReadOnlyDictionary<string, double> validation = problem.Evaluate(run.Model, ValidationSplits.Validation);
        IReadOnlyDictionary<string, double> test = problem.Evaluate(run.Model, ValidationSplits.Test);
        double? tested = test.TryGetValue("test_accuracy", out double accuracy) ? accuracy : test.TryGetValue("test_bits_per_byte", out double bits) ? bits : null;
        double peak = run.Schedule.Max(piece => Math.Max(piece.From, piece.To));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{workload.Name} T={steps} {policy} seed {seed}: peak {peak:G4} validation {validation["validation_loss"]:F4} test {tested:F4} total {run.Total / steps:F3} wall8 {run.Wall / steps:F3} trained {problem.Trained}"));
        foreach (ChooseRate rung in run.Decisions<ChooseRate>().Where(choice => choice.Kind == "rung"))
        {
            Console.Error.WriteLine("    " + string.Join("  ", rung.Candidates.Select(c => $"{c.Rate:G3}:{(c.Outcome == StretchOutcome.Cancelled ? "skip" : c.Score?.ToString("F4") ?? "inf")}")));
        }

        foreach (ChooseRate race in run.Decisions<ChooseRate>().Where(choice => choice.Kind == "path" && choice.Candidates.Count > 0))
        {
            Console.Error.WriteLine("    race " + string.Join("  ", race.Candidates.Select(c => $"{c.Rate:G3}:{c.Score?.ToString("F4") ?? "inf"}")));
        }

        foreach (ChooseRate stage in run.Decisions<ChooseRate>().Where(choice => choice.Kind == "stage"))
        {
            string candidates = string.Join("  ", stage.Candidates.Select(c => $"{c.Rate:G3}/{c.ProbeSteps}:{c.Forecast?.Mean.ToString("F4") ?? "inf"}±{c.Forecast?.Deviation:F4}"));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"    {stage.Start} {stage.Chosen:G3} expects {stage.Forecast?.Mean:F4}, came {run.Decisions<RealiseStage>().FirstOrDefault(r => r.Stage == stage.Stage)?.Realised:F4}  [{candidates}] {stage.Reason}"));
        }

        table.AddRow(workload.Name, $"{steps}", policy, $"{seed}", $"{peak:G4}", $"{validation["validation_loss"]:F4}", $"{tested:F4}", $"{run.Total / steps:F3}", $"{run.Wall / steps:F3}");
    }

    private static (ISearch Search, int Parallelism) Create(string policy, PolicyWorkload workload, long steps, long seed)
    {
        string[] parts = policy.Split(':', 2);
        int parallelism = parts[0].EndsWith('8') ? 8 : 1;
        var problem = new SearchProblem(steps, workload.MinRate, workload.MaxRate, null, seed, parallelism);
        if (parts[0] is "annealed" or "annealed8")
        {
            string json = parts.Length == 1 ? "{}" : "{" + string.Join(',', parts[1].Split(',').Select(pair => $"\"{pair.Split('=')[0]}\":{pair.Split('=')[1]}")) + "}";
            return (new AnnealedSearch(problem, JsonSerializer.Deserialize<AnnealedSettings>(json, JsonSerializerOptions.Web)!), parallelism);
        }

        if (parts[0] is "autolrs" or "autolrs8" or "reference" or "reference8")
        {
            // As a job file that says nothing else would have it.
            JsonElement file = JsonSerializer.SerializeToElement(new
            {
                name = policy,
                trainer = new { workload = "noisy-quadratic" },
                objective = new { metric = "validation_loss", type = "minimize" },
                steps,
                schedule = new { algorithm = parts[0].StartsWith('a') ? "autolrs" : "autolrs-reference", range = new { min = workload.MinRate, max = workload.MaxRate } },
                seed,
                parallelTrialCount = parallelism,
            });
            return (SearchFactory.Create(JobSpecReader.Read(file).Spec!), parallelism);
        }

        double peak = double.Parse(parts[1], CultureInfo.InvariantCulture);
        IReadOnlyList<Orchestrator.Bo.Schedules.RateRun> runs = parts[0] switch
        {
            "cosine" => new CosineSchedule(peak, 0).Compile(steps),
            "linear" => new LinearSchedule(peak, 0).Compile(steps),
            "hold" => new StableDecaySchedule(peak, 0, 0.8, DecayShape.Linear).Compile(steps),
            _ => throw new ArgumentException($"there is no policy {policy}", nameof(policy)),
        };
        return (new FixedSearch(problem, runs), 1);
    }
}
