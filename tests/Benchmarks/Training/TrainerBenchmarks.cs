using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.Statistics;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Processes;
using Spectre.Console;

namespace Orchestrator.Benchmarks.Training;

/// <summary>What the built-in trainer costs: a step beside PyTorch's, a fork, its memory, and its bitwise settings.</summary>
internal static class TrainerBenchmarks
{
    private const int Rounds = 5;
    private const int MiB = 1 << 20;

    private static readonly Option<string?> DataOption = new("--data") { Description = "Folder of data sets (ORCHESTRATOR_DATA)." };
    private static readonly Option<string> PythonOption = new("--python") { DefaultValueFactory = _ => "/usr/bin/python3", Description = "Python that has torch." };

    /// <summary>trainer-step, trainer-fork, trainer-memory, trainer-bitwise.</summary>
    public static IEnumerable<Command> Commands() =>
    [
        Create("trainer-step", "A step of the trainer beside a step of PyTorch, one thread each, in turn.", (parse, data) => Step(data, parse.GetRequiredValue(PythonOption)), PythonOption),
        Create("trainer-fork", "Restoring a checkpoint of a million parameters from memory, and saving one.", (_, data) => Fork(data)),
        Create("trainer-memory", "Memory of the trainer at step 10,000 beside step 1,000, a checkpoint every 50 steps.", (_, data) => Memory(data)),
        Create("trainer-bitwise", "What the settings that make CPU results bitwise cost.", (_, data) => Bitwise(data)),
    ];

    private static Command Create(string name, string description, Action<ParseResult, string> body, params Option[] options)
    {
        var command = new Command(name, description) { DataOption };
        foreach (Option option in options)
        {
            command.Add(option);
        }

        command.SetAction(parse => body(parse, TrainerWorkloads.Data(parse.GetValue(DataOption))));
        return command;
    }

    private static void Step(string data, string python)
    {
        var table = new Table().AddColumns("model", "ours, ms", "PyTorch, ms", "ratio: median (min … max)");
        foreach ((string name, string workload, string settings) in TrainerWorkloads.All)
        {
            using var session = new TrainingSession(workload, settings, data);
            int steps = name == "transformer" ? 60 : 200;
            session.Train(steps);
            var ours = new List<double>();
            var theirs = new List<double>();
            for (int round = 0; round < Rounds; round++)
            {
                ours.Add(1000 * Enumerable.Range(0, 10).Select(_ => session.Train(steps / 10).Seconds.Training / (steps / 10)).Median());
                theirs.Add(PyTorch(python, name, steps, data));
            }

            double[] ratios = [.. ours.Zip(theirs, (a, b) => a / b)];
            table.AddRow(name, $"{ours.Median():F2}", $"{theirs.Median():F2}", $"{ratios.Median():F2} ({ratios.Min():F2} … {ratios.Max():F2})");
        }

        AnsiConsole.Write(table);
    }

    private static double PyTorch(string python, string name, int steps, string data)
    {
        string script = Path.Combine(Executables.Root, "tests", "Benchmarks", "Training", "pytorch_step.py");
        var start = new ProcessStartInfo(python, [script, name, steps.ToString(CultureInfo.InvariantCulture), data.Split(':')[0]]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? double.Parse(output, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{python} {script} failed; on Debian: apt-get install python3-torch libopenblas0-pthread");
    }

    private static void Fork(string data)
    {
        const string settings = """{ "dataset": "fashion-mnist", "model": "mlp", "hidden": 1320, "optimizer": "adamw" }""";
        using var session = new TrainingSession("image-classification", settings, data);
        session.Train(20);
        var restore = new List<double>();
        var save = new List<double>();
        for (int i = 0; i < 40; i++)
        {
            restore.Add(1000 * session.Fork().Seconds.Checkpoint);
            DoneReply trained = session.Train(1);
            save.Add((1000 * trained.Seconds.Checkpoint) - restore[^1]);
        }

        AnsiConsole.Write(new Table().AddColumns("1,049,410 parameters, AdamW", "median, ms", "90th percentile, ms")
            .AddRow("restore from memory", $"{restore.Skip(5).Median():F2}", $"{restore.Skip(5).Quantile(0.9):F2}")
            .AddRow("save, hash and sync", $"{save.Skip(5).Median():F2}", $"{save.Skip(5).Quantile(0.9):F2}"));
    }

    private static void Memory(string data)
    {
        var table = new Table().AddColumns("model", "step 1,000, MiB", "step 10,000, MiB", "ratio", "at most");
        foreach ((string name, string workload, string settings) in TrainerWorkloads.All)
        {
            using var session = new TrainingSession(workload, settings, data);
            long early = 0;
            for (int i = 1; i <= 200; i++)
            {
                // Twenty checkpoints by step 1,000: more than the sixteen that a trainer keeps, so that what grows then is no store being filled.
                session.Train(50);
                early = i == 20 ? session.Resident : early;
            }

            long late = session.Resident;
            table.AddRow(name, $"{(double)early / MiB:F1}", $"{(double)late / MiB:F1}", $"{(double)late / early:F3}", "1.02");
        }

        AnsiConsole.Write(table);
    }

    private static void Bitwise(string data)
    {
        var free = NumericClass.Environment(1).Keys.Where(key => key is not ("OMP_NUM_THREADS" or "MKL_NUM_THREADS")).ToDictionary(key => key, _ => "");
        var table = new Table().AddColumns("model", "bitwise, ms a step", "without, ms a step", "ratio: median (min … max)");
        foreach ((string name, string workload, string settings) in TrainerWorkloads.All)
        {
            int steps = name == "transformer" ? 30 : 100;
            using var bound = new TrainingSession(workload, settings, data);
            using var unbound = new TrainingSession(workload, settings, data, free);
            bound.Train(steps);
            unbound.Train(steps);
            var with = new List<double>();
            var without = new List<double>();
            for (int round = 0; round < 2 * Rounds; round++)
            {
                with.Add(1000 * bound.Train(steps).Seconds.Training / steps);
                without.Add(1000 * unbound.Train(steps).Seconds.Training / steps);
            }

            double[] ratios = [.. with.Zip(without, (a, b) => a / b)];
            table.AddRow(name, $"{with.Median():F2}", $"{without.Median():F2}", $"{ratios.Median():F2} ({ratios.Min():F2} … {ratios.Max():F2})");
        }

        AnsiConsole.Write(table);
    }
}
