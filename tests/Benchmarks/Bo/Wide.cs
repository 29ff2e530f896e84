using Spectre.Console;

namespace Orchestrator.Benchmarks.Bo;

/// <summary>Tables that keep their shape in a file, which has no width of its own.</summary>
internal static class Wide
{
    private const int Width = 160;

    public static void Write(Table table)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = Width;
        }

        AnsiConsole.Write(table);
    }
}
