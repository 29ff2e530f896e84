using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Optimization;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Tests.Driving;

namespace Orchestrator.Grains.Tests;

/// <summary>
/// What was stored once is read for ever. Golden/ holds the bytes of every stored type, one file a shape: NAME.json, and
/// after a change of the shape NAME.v2.json beside it. A failure here is a question to answer, not a file to replace.
/// </summary>
public sealed class GoldenBytesTests
{
    private static readonly (string Name, Type Type)[] Plain =
    [
        ("SegmentResult", typeof(SegmentResult)),
        ("SegmentView", typeof(SegmentView)),
        ("SegmentWork", typeof(SegmentWork)),
        ("WorkerRegistration", typeof(WorkerRegistration)),
    ];

    /// <summary>Names of the stored types and the types they are read as.</summary>
    public static TheoryData<string, Type> Stored()
    {
        var data = new TheoryData<string, Type>();
        foreach (JsonDerivedTypeAttribute e in Derived(typeof(JobEvent)).Where(e => e.DerivedType != typeof(SearchDecided)))
        {
            data.Add((string)e.TypeDiscriminator!, typeof(JobEvent));
        }

        foreach (JsonDerivedTypeAttribute decision in Derived(typeof(SearchDecision)))
        {
            data.Add($"search_decided.{decision.TypeDiscriminator}", typeof(JobEvent));
        }

        foreach ((string name, Type type) in Plain)
        {
            data.Add(name, type);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void The_bytes_of_every_stored_type_are_read_and_written_again_as_they_were(string name, Type type)
    {
        string[] files = Files(name);
        Assert.True(files.Length > 0, $"Golden/{name}.json is missing: put the bytes of one there, with every field set.");
        foreach (string file in files)
        {
            string bytes = File.ReadAllText(file);
            Assert.Equal(bytes, JsonSerializer.Serialize(JsonSerializer.Deserialize(bytes, type, WireJson.Options), type, WireJson.Options));
        }
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void Every_field_of_a_stored_type_is_in_its_bytes(string name, Type type)
    {
        var fields = new SortedDictionary<string, (HashSet<string> Wanted, HashSet<string> Written)>(StringComparer.Ordinal);
        foreach (string file in Files(name))
        {
            string bytes = File.ReadAllText(file);
            Collect(name, JsonSerializer.Deserialize(bytes, type, WireJson.Options)!, JsonNode.Parse(bytes)!, fields);
        }

        Assert.All(fields, place => Assert.True(
            place.Value.Wanted.IsSubsetOf(place.Value.Written), $"{place.Key} lacks {string.Join(", ", place.Value.Wanted.Except(place.Value.Written))}"));
    }

    [Fact]
    public void No_golden_file_is_of_a_type_that_is_gone()
    {
        string[] known = [.. Stored().Select(row => row.Data.Item1), "snapshot.annealed", "snapshot.autolrs-reference", "snapshot.fixed"];
        Assert.All(
            Directory.GetFiles(Folder, "*.json").Select(file => Path.GetFileName(file)[..^".json".Length]),
            name => Assert.Contains(known, type => name == type || name.StartsWith(type + ".v", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("annealed")]
    [InlineData("autolrs-reference")]
    [InlineData("fixed")]
    public void A_snapshot_is_read_and_written_again_in_its_newest_shape(string algorithm)
    {
        ISearch search = SearchFactory.Create(JobFiles.Read(algorithm switch
        {
            "annealed" => JobFiles.Annealed(),
            "fixed" => JobFiles.Fixed(steps: 20),
            _ => JobFiles.Reference(steps: 40, candidates: 2),
        }));
        string[] files = Files($"snapshot.{algorithm}");
        string newest = File.ReadAllText(files[^1]);
        foreach (string file in files)
        {
            JobState state = JobSnapshot.Load(File.ReadAllText(file), search);
            Assert.Equal(newest, JobSnapshot.Save(state, search));
            Assert.NotEmpty(state.Segments);
            Assert.Equal(algorithm == "fixed", state.Ended);
        }
    }

    [Fact]
    public void A_lease_token_of_old_is_read()
    {
        var tokens = new LeaseTokens([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        string token = File.ReadAllText(Path.Combine(Folder, "lease_token.txt"));
        Assert.True(tokens.TryRead(token, out LeaseClaims? claims));
        Assert.Equal(new LeaseClaims("j1", 7, new string('c', 32), "w1"), claims);
        Assert.Equal(token, tokens.Sign(claims));
    }

    [Fact]
    public void A_field_of_a_later_version_is_left_alone()
    {
        var read = JsonSerializer.Deserialize<JobEvent>("""{"type":"goal_reached","later":{"x":1},"step":5,"value":0.5}""", WireJson.Options);
        Assert.Equal(new GoalReached(5, 0.5), read);
    }

    /// <summary>The fields of an object and of all that it holds, by where they are; those of a list are those of any of its items.</summary>
    private static void Collect(string place, object value, JsonNode node, IDictionary<string, (HashSet<string> Wanted, HashSet<string> Written)> fields)
    {
        if (node is JsonArray items)
        {
            foreach ((object? item, JsonNode? written) in ((System.Collections.IEnumerable)value).Cast<object?>().Zip(items))
            {
                Collect($"{place}[]", item!, written!, fields);
            }

            return;
        }

        Type type = value.GetType();
        if (node is not JsonObject members || type.Namespace?.StartsWith("Orchestrator.", StringComparison.Ordinal) != true
            || type.GetCustomAttribute<JsonConverterAttribute>() is not null)
        {
            return;
        }

        if (!fields.TryGetValue(place, out (HashSet<string> Wanted, HashSet<string> Written) known))
        {
            fields[place] = known = ([], []);
        }

        known.Written.UnionWith(members.Select(member => member.Key));
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetCustomAttribute<JsonIgnoreAttribute>() is null))
        {
            string field = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            known.Wanted.Add(field);
            if (members[field] is { } inner)
            {
                Collect($"{place}.{field}", property.GetValue(value)!, inner, fields);
            }
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden");

    private static string[] Files(string name) =>
        [.. Directory.GetFiles(Folder, $"{name}.json"), .. Directory.GetFiles(Folder, $"{name}.v*.json")];

    private static IEnumerable<JsonDerivedTypeAttribute> Derived(Type type) => type.GetCustomAttributes<JsonDerivedTypeAttribute>();
}
