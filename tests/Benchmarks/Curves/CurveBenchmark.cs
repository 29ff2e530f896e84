using System.CommandLine;
using System.Globalization;
using Orchestrator.Benchmarks.Policies;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Benchmarks.Curves;

/// <summary>
/// Records loss curves that no forecaster was made with: a run at a constant rate is forked at some of its steps, each
/// fork at another rate, on the same batches. <c>orchestrator forecast --curves</c> judges by them.
/// </summary>
internal static class CurveBenchmark
{
    public static Command Command()
    {
        string names = string.Join(", ", CurveWorkload.All.Select(workload => workload.Trained.Name));
        var workload = new Option<string[]>("--workload")
        {
            AllowMultipleArgumentsPerToken = true,
            Description = $"{names}; default all.",
            DefaultValueFactory = _ => [.. CurveWorkload.All.Select(w => w.Trained.Name)],
        };
        var seeds = new Option<string>("--seeds") { DefaultValueFactory = _ => "1", Description = "Seeds, separated by commas." };
        var output = new Option<string>("--out") { DefaultValueFactory = _ => Path.Combine("runs", "curves"), Description = "Folder of the CSV files, one a workload and seed." };
        var data = new Option<string?>("--data") { Description = "Folder of data sets (ORCHESTRATOR_DATA)." };
        var command = new Command("curves", "Record loss curves of forks, to judge forecasters by.") { workload, seeds, output, data };
        command.SetAction(parse =>
        {
            string folder = parse.GetRequiredValue(output);
            string all = string.Join(
                ':', new[] { parse.GetValue(data) ?? Environment.GetEnvironmentVariable("ORCHESTRATOR_DATA") ?? "", TestKit.Processes.Executables.ShippedData }.Where(d => d.Length > 0));
            foreach (CurveWorkload wanted in parse.GetRequiredValue(workload).Select(name => CurveWorkload.All.First(w => w.Trained.Name == name)))
            {
                foreach (long seed in parse.GetRequiredValue(seeds).Split(',').Select(long.Parse))
                {
                    Console.WriteLine(Record(wanted, seed, folder, all));
                }
            }

            return 0;
        });
        return command;
    }

    private static string Record(CurveWorkload workload, long seed, string folder, string data)
    {
        using var problem = new TrainedProblem(workload.Trained, seed, Path.Combine(folder, "kept"), data);
        List<string> lines = ["workload,stage,start_step,lr,seed,step,train_loss,val_loss"];
        TrainedState state = problem.Initial;
        for (int stage = 0; stage < workload.Starts.Length; stage++)
        {
            long start = workload.Starts[stage];
            if (start > state.Step)
            {
                state = problem.Run(state, Constant(workload.PathRate, state.Step, start - state.Step, 0, continues: true)).End;
            }

            foreach (double rate in workload.Trained.Peaks)
            {
                SimulatedStretch<TrainedState> fork = problem.Run(state, Constant(rate, start, workload.Trained.Steps, workload.Every, continues: false));
                Dictionary<long, double> validations = fork.Result.Validations.ToDictionary(v => v.Step - start - 1, v => v.Loss);
                lines.AddRange(fork.Result.Losses.Select((loss, step) => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{workload.Trained.Name},{stage},{start},{rate},{seed},{step},{Number(loss)},{(validations.TryGetValue(step, out double value) ? Number(value) : "")}")));
            }
        }

        string file = Path.Combine(folder, $"{workload.Trained.Name}_seed{seed}.csv");
        File.WriteAllLines(file, lines);
        return file;
    }

    private static Stretch Constant(double rate, long start, long steps, long every, bool continues) => new(
        0, null, start, steps, [new RateRun(steps, rate, rate)], 0, StretchRole.Probe, Guard: null, every, ValidateAtEnd: false,
        continues, 0, "A fork at a constant rate.");

    private static string Number(double loss) => double.IsFinite(loss) ? loss.ToString("F6", CultureInfo.InvariantCulture) : "nan";
}
