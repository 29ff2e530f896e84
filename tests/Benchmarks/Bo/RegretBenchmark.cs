using System.CommandLine;
using MathNet.Numerics.Statistics;
using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;
using Spectre.Console;

namespace Orchestrator.Benchmarks.Bo;

/// <summary>
/// Simple regret of a plain loop (10 random points, then the point of most expected improvement) after 50 evaluations
/// of two functions whose minimum is known, beside Optuna 5.0-dev's GPSampler, whose runs were recorded with the same
/// seeds and counts.
/// </summary>
internal static class RegretBenchmark
{
    private const int Evaluations = 50;
    private const int Random = 10;
    private const int Seeds = 20;

    private static readonly TestFunction[] Functions =
    [
        new("Branin", 2, Branin, 0.39788735772973816,
        [
            7.84e-5, 2.73e-4, 1.53e-5, 3.71e-5, 1.48e-5, 1.85e-6, 6.83e-4, 4.14e-5, 3.4e-5, 6.62e-6,
            3.13e-4, 7.3e-5, 6.02e-6, 1.76e-4, 1.43e-3, 8.07e-5, 1.62e-4, 9.01e-6, 1.38e-5, 9.97e-6,
        ]),
        new("Hartmann6", 6, Hartmann6, -3.3223680114155147,
        [
            .00291, .004, .246, .0216, .246, .00122, .12, .00172, .00092, .00129,
            .454, .000394, .00494, .482, 1.61, .185, .00115, .00106, .00361, .00556,
        ]),
    ];

    public static Command Command()
    {
        var command = new Command("gp-regret", "Gaussian process: simple regret after 50 evaluations of Branin and Hartmann6.");
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        var table = new Table().AddColumns("function", "optimiser", "mean", "s.e.m.", "median", "worst", "within 0.01");
        foreach (TestFunction function in Functions)
        {
            double[] ours = [.. Enumerable.Range(0, Seeds).Select(seed => Regret(function, seed))];
            Row(table, function.Name, "ours", ours);
            Row(table, function.Name, "Optuna GPSampler", function.Optuna);
            Console.WriteLine($"{function.Name}, ours, seeds 0 … {Seeds - 1}: {string.Join(' ', ours.Select(regret => regret.ToString("G3")))}");
        }

        Wide.Write(table);
        return 0;
    }

    private static void Row(Table table, string function, string optimiser, double[] regrets) => table.AddRow(
        function, optimiser, $"{regrets.Mean():G3}", $"{regrets.StandardDeviation() / Math.Sqrt(regrets.Length):G2}",
        $"{regrets.Median():G3}", $"{regrets.Max():G3}", $"{regrets.Count(regret => regret < 0.01)} of {regrets.Length}");

    private static double Regret(TestFunction function, int seed)
    {
        var points = new List<double[]>();
        var values = new List<double>();
        Random random = RandomStreams.Generator(seed, "gp-regret", 0);
        for (int i = 0; i < Evaluations; i++)
        {
            double[] next = i < Random
                ? [.. Enumerable.Range(0, function.Dimension).Select(_ => random.NextDouble())]
                : AcquisitionMaximizer.Maximize(
                    GaussianProcess.Fit(new Observations(points, values)), new LogExpectedImprovement(values.Min()), function.Dimension,
                    point => points.TrueForAll(tried => !tried.AsSpan().SequenceEqual(point)));
            points.Add(next);
            values.Add(function.At(next));
        }

        return values.Min() - function.Minimum;
    }

    /// <summary>On [−5, 10] × [0, 15].</summary>
    private static double Branin(double[] unit)
    {
        double x = (15 * unit[0]) - 5;
        double y = 15 * unit[1];
        double bend = y - (5.1 / (4 * Math.PI * Math.PI) * x * x) + (5 / Math.PI * x) - 6;
        return (bend * bend) + (10 * (1 - (1 / (8 * Math.PI))) * Math.Cos(x)) + 10;
    }

    private static double Hartmann6(double[] x)
    {
        double[] alpha = [1, 1.2, 3, 3.2];
        double[][] a = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]];
        double[][] p =
        [
            [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
            [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
        ];
        return -alpha.Select((weight, i) => weight * Math.Exp(-x.Select((v, k) => a[i][k] * (v - p[i][k]) * (v - p[i][k])).Sum())).Sum();
    }

    private sealed record TestFunction(string Name, int Dimension, Func<double[], double> At, double Minimum, double[] Optuna);
}
