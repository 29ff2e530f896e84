using System.Globalization;
using System.Text;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Silo.Api;

/// <summary>A schedule in the forms other programs read; rates in shortest round-trip form, so that nothing is lost.</summary>
internal static class ScheduleText
{
    /// <summary>start,steps,from,to,reason.</summary>
    public static string Csv(IReadOnlyList<ScheduleRun> runs)
    {
        var text = new StringBuilder("start,steps,from,to,reason\n");
        foreach (ScheduleRun run in runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"{run.Start},{run.Steps},{run.From:R},{run.To:R},\"{run.Reason.Replace("\"", "\"\"")}\"\n");
        }

        return text.ToString();
    }

    /// <summary>A snippet that gives torch's LambdaLR exactly the rates of the runs.</summary>
    public static string PyTorch(string job, IReadOnlyList<ScheduleRun> runs)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Learning-rate schedule of job {job}. Build the optimizer with lr=1.0 and call scheduler.step() after every update.\n");
        text.Append("from bisect import bisect_right\n\nimport torch\n\nRUNS = [  # (first step, steps, from, to)\n");
        foreach (ScheduleRun run in runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"    ({run.Start}, {run.Steps}, {run.From:R}, {run.To:R}),\n");
        }

        text.Append("""
            ]
            STARTS = [run[0] for run in RUNS]


            def learning_rate(step):
                start, steps, a, b = RUNS[max(0, bisect_right(STARTS, step) - 1)]
                j = min(step - start, steps)
                return a + (b - a) * j / steps


            def scheduler(optimizer):
                return torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate)

            """);
        return text.ToString();
    }
}
