using System.Security.Cryptography;
using System.Text;
using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Tests.Numerics;

public sealed class RandomStreamsTests
{
    [Fact]
    public void A_seed_is_the_first_eight_bytes_of_the_hash_of_its_name()
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes("7/batch/42"));
        Assert.Equal(BitConverter.ToUInt64(hash, 0), RandomStreams.Seed(7, "batch", 42));
    }

    [Fact]
    public void The_same_index_draws_the_same_numbers_and_another_index_or_name_others()
    {
        Assert.Equal(Draw(1, "a", 0), Draw(1, "a", 0));
        Assert.NotEqual(Draw(1, "a", 0), Draw(1, "a", 1));
        Assert.NotEqual(Draw(1, "a", 0), Draw(1, "b", 0));
        Assert.NotEqual(Draw(1, "a", 0), Draw(2, "a", 0));
    }

    private static double[] Draw(long seed, string name, long t)
    {
        Random random = RandomStreams.Generator(seed, name, t);
        return [random.NextDouble(), random.NextDouble(), random.NextDouble()];
    }
}
