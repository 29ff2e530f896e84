using System;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies an ELF library, marking its need of one symbol version as weak, so that the loader accepts an older
/// libstdc++. Safe only where nothing but a marker symbol carries that version, which is checked. Where this machine's
/// libstdc++ has the version, the copy is unchanged.
/// </summary>
public sealed class MarkSymbolVersionWeak : Task
{
    private const uint DynamicSymbols = 11;
    private const uint VersionNeeds = 0x6ffffffe;
    private const uint SymbolVersions = 0x6fffffff;
    private const byte Weak = 2;

    private static readonly string[] SystemLibraries =
    {
        "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib64/libstdc++.so.6", "/usr/lib/libstdc++.so.6",
    };

    [Required]
    public string Source { get; set; } = "";

    [Required]
    public string Destination { get; set; } = "";

    /// <summary>The version, such as GLIBCXX_3.4.32.</summary>
    [Required]
    public string Version { get; set; } = "";

    /// <summary>The only symbol that may carry it.</summary>
    [Required]
    public string Marker { get; set; } = "";

    public override bool Execute()
    {
        var image = File.ReadAllBytes(Source);
        if (!SystemHasVersion() && !MarkWeak(image))
        {
            return false;
        }

        // Not written in place: the destination may be a link to a file of the package cache.
        Directory.CreateDirectory(Path.GetDirectoryName(Destination)!);
        File.Delete(Destination);
        File.WriteAllBytes(Destination, image);
        return true;
    }

    private bool SystemHasVersion()
    {
        // Latin-1 maps bytes to characters one to one, so that a string search finds bytes.
        var latin1 = Encoding.GetEncoding(28591);
        return SystemLibraries.Any(path => File.Exists(path)
            && latin1.GetString(File.ReadAllBytes(path)).IndexOf(Version + "\0", StringComparison.Ordinal) >= 0);
    }

    private bool MarkWeak(byte[] image)
    {
        var sections = ReadSections(image);
        var needs = sections.FirstOrDefault(s => s.Type == VersionNeeds);
        var symbols = sections.FirstOrDefault(s => s.Type == DynamicSymbols);
        var versions = sections.FirstOrDefault(s => s.Type == SymbolVersions);
        if (needs is null || symbols is null || versions is null)
        {
            Log.LogError("{0}: no 64-bit little-endian ELF library with symbol versions", Source);
            return false;
        }

        var names = sections[(int)needs.Link].Offset;
        for (var need = needs.Offset; ;)
        {
            for (var (i, aux) = (0, need + U32(image, need + 8)); i < U16(image, need + 2); i++, aux += U32(image, aux + 12))
            {
                if (Text(image, names + U32(image, aux + 8)) != Version)
                {
                    continue;
                }

                var carriers = Carriers(image, symbols, versions, sections[(int)symbols.Link].Offset, U16(image, aux + 6));
                if (carriers.Any(carrier => carrier != Marker))
                {
                    Log.LogError("{0}: {1} is really needed, by {2}", Source, Version, string.Join(", ", carriers));
                    return false;
                }

                image[aux + 4] |= Weak;
            }

            if (U32(image, need + 12) == 0)
            {
                return true;
            }

            need += U32(image, need + 12);
        }
    }

    private static string[] Carriers(byte[] image, Section symbols, Section versions, long names, ushort version) =>
        Enumerable.Range(0, (int)(versions.Size / 2))
            .Where(i => (U16(image, versions.Offset + (2 * i)) & 0x7fff) == version)
            .Select(i => Text(image, names + U32(image, symbols.Offset + (24 * i))))
            .ToArray();

    private static Section[] ReadSections(byte[] image)
    {
        if (image.Length < 64 || U32(image, 0) != 0x464c457f || image[4] != 2 || image[5] != 1)
        {
            return Array.Empty<Section>();
        }

        var table = (long)U64(image, 40);
        var (size, count) = (U16(image, 58), U16(image, 60));
        return Enumerable.Range(0, count)
            .Select(i => table + ((long)i * size))
            .Select(at => new Section(U32(image, at + 4), (long)U64(image, at + 24), (long)U64(image, at + 32), U32(image, at + 40)))
            .ToArray();
    }

    private static string Text(byte[] image, long at)
    {
        var end = Array.IndexOf(image, (byte)0, (int)at);
        return Encoding.ASCII.GetString(image, (int)at, end - (int)at);
    }

    private static ushort U16(byte[] image, long at) => BitConverter.ToUInt16(image, (int)at);

    private static uint U32(byte[] image, long at) => BitConverter.ToUInt32(image, (int)at);

    private static ulong U64(byte[] image, long at) => BitConverter.ToUInt64(image, (int)at);

    private sealed class Section
    {
        internal Section(uint type, long offset, long size, uint link) =>
            (Type, Offset, Size, Link) = (type, offset, size, link);

        internal uint Type { get; }

        internal long Offset { get; }

        internal long Size { get; }

        internal uint Link { get; }
    }
}
