using System.CommandLine;
using Orchestrator.Silo.Hosting;

ParseResult parsed = SiloCommand.Create().Parse(args);

// Signals are the host's: it needs longer than the two seconds a command is given by default to end in order.
int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? SiloCommand.BadInput : code;
