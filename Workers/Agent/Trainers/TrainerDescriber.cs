using System.Diagnostics;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Processes;
using Orchestrator.Workers.Agent.Slots;

namespace Orchestrator.Workers.Agent.Trainers;

/// <summary>Runs a trainer's --describe.</summary>
internal sealed class TrainerDescriber(ProcessLauncher launcher, string? data, TimeProvider time)
{
    /// <summary>Exit code of a process that SIGKILL ended.</summary>
    private const int Killed = 128 + 9;

    private const int MostAttempts = 3;

    private static readonly TimeSpan LastOutputGrace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>What the built-in trainer says about itself on each of some devices; the devices are of one kind, and so are the answers.</summary>
    /// <exception cref="AgentInputException">As of <see cref="DescribeAsync"/>; or one of the devices is not here.</exception>
    internal async Task<TrainerDescription> DescribeBuiltInAsync(TrainerCommand command, IReadOnlyList<string> devices, CancellationToken stopping)
    {
        TrainerDescription? said = null;
        foreach (string device in devices.Distinct())
        {
            string[] asked = device == "cpu" ? [] : ["--device", TrainerEnvironment.VisibleName(device)];
            said = await DescribeAsync(command with { Arguments = [.. command.Arguments, .. asked] }, device, stopping);
        }

        return said!;
    }

    /// <summary>What a trainer says about itself, which sees a device and no other. One that is killed meanwhile, by a person or for want of memory, is asked again.</summary>
    /// <exception cref="AgentInputException">It cannot be started, or does not describe itself within a minute.</exception>
    internal async Task<TrainerDescription> DescribeAsync(TrainerCommand command, string device, CancellationToken stopping)
    {
        for (int attempt = 1; ; attempt++)
        {
            (DescriptionReply? found, int exitCode, string lastWords) = await AskAsync(command, device, stopping);
            if (found is not null)
            {
                return found.Protocol == TrainerProtocol.Version
                    ? found.ToDescription()
                    : throw new AgentInputException(
                        $"The trainer {command} speaks version {found.Protocol} of the trainer protocol; this agent speaks {TrainerProtocol.Version}.");
            }

            if (exitCode != Killed || attempt == MostAttempts)
            {
                throw new AgentInputException(
                    $"The trainer {command} printed no description to --describe (exit code {exitCode}). {lastWords}");
            }
        }
    }

    private async Task<(DescriptionReply? Found, int ExitCode, string LastWords)> AskAsync(
        TrainerCommand command, string device, CancellationToken stopping)
    {
        var describe = new TrainerCommand(command.Program, [.. command.Arguments, "--describe"]);
        Process process;
        try
        {
            process = await launcher.StartAsync(describe, TrainerEnvironment.For(device, threads: 1, data));
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new AgentInputException($"The trainer {command} cannot be started: {e.Message}");
        }

        using (process)
        using (var limit = new CancellationTokenSource(Limit, time))
        using (var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping))
        {
            var log = new LogTail();
            process.StandardInput.Close();
            Task<DescriptionReply?> output = FindAsync(process, log);
            Task errors = CollectAsync(process, log);
            try
            {
                await process.WaitForExitAsync(both.Token);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                throw new AgentInputException($"The trainer {command} did not end within {Limit.TotalSeconds:0} s of --describe.");
            }
            finally
            {
                launcher.Bury(process.Id);
            }

            // A child that it left behind may keep the pipes open.
            await Task.WhenAny(Task.WhenAll(output, errors), Task.Delay(LastOutputGrace, time, stopping));
            return (output.IsCompletedSuccessfully ? await output : null, process.ExitCode, log.LastWords());
        }
    }

    private static async Task<DescriptionReply?> FindAsync(Process process, LogTail log)
    {
        DescriptionReply? found = null;
        await foreach (ProtocolLines.Line line in ProtocolLines.ReadAsync(process.StandardOutput.BaseStream))
        {
            try
            {
                if (!line.TooLong && TrainerProtocol.ReadReply(line.Bytes.Span) is DescriptionReply description)
                {
                    found = description;
                    continue;
                }
            }
            catch (TrainerProtocolException e)
            {
                log.Add(System.Text.Encoding.UTF8.GetBytes(e.Message));
            }

            log.Add(line.Bytes.Span);
        }

        return found;
    }

    private static async Task CollectAsync(Process process, LogTail log)
    {
        await foreach (ProtocolLines.Line line in ProtocolLines.ReadAsync(process.StandardError.BaseStream))
        {
            log.Add(line.Bytes.Span);
        }
    }
}
