using System.Diagnostics;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Silo.Tests.Api;

/// <summary>
/// Runs a PyTorch snippet with python3: with torch, where it is installed, through a real optimizer and scheduler; else
/// with a stand-in for the one class it names.
/// </summary>
internal static class PythonSchedule
{
    private const string StandIn = """
        import sys, types
        try:
            import torch
        except ModuleNotFoundError:
            class LambdaLR:
                def __init__(self, optimizer, rate):
                    self.optimizer, self.rate, self.epoch = optimizer, rate, -1
                    self.step()
                def step(self):
                    self.epoch += 1
                    for group in self.optimizer.param_groups:
                        group["lr"] = 1.0 * self.rate(self.epoch)
            torch = types.ModuleType("torch")
            torch.optim = types.SimpleNamespace(lr_scheduler=types.SimpleNamespace(LambdaLR=LambdaLR))
            sys.modules["torch"] = torch

        """;

    private const string Loop = """
        import struct, schedule
        if hasattr(torch, "nn"):
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        else:
            optimizer = types.SimpleNamespace(param_groups=[{}], step=lambda: None)
        scheduler = schedule.scheduler(optimizer)
        for step in range(int(sys.argv[1])):
            rate = optimizer.param_groups[0]["lr"]
            assert rate == schedule.learning_rate(step)
            print(struct.pack(">d", rate).hex())
            optimizer.step()
            scheduler.step()
        """;

    /// <summary>The rates of the first steps that <c>schedule.py</c> in a folder gives, as the hex digits of their bits.</summary>
    public static async Task<string[]> RatesAsync(string folder, int steps)
    {
        string script = Path.Combine(folder, "loop.py");
        await File.WriteAllTextAsync(script, StandIn + Loop, TestContext.Current.CancellationToken);
        using Process python = Process.Start(new ProcessStartInfo(InstalledTool.Need("python3"), [script, $"{steps}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await python.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(python.ExitCode == 0, await error);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
