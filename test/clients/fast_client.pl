# Stores or reads the keys of a file through Cache::Memcached::Fast: OPTIONS KEYS
# HOST:PORT:WEIGHT...
# For each line of the input, `set' or `get', it prints how many keys that worked for.
use strict;
use warnings;
use Cache::Memcached::Fast;

my ($options, $path, @servers) = @ARGV;
my $client = Cache::Memcached::Fast->new({
    servers => [map { server($_) } @servers],
    # Seconds: long, so that a busy machine is not an error.
    connect_timeout => 60,
    io_timeout => 60,
    eval($options),
});
open(my $file, '<:raw', $path) or die "$path: $!";
chomp(my @keys = <$file>);
my %works = (
    set => sub { $client->set($_, $_) },
    get => sub { ($client->get($_) // '') eq $_ },
);

$| = 1;
while (my $action = <STDIN>) {
    chomp $action;
    print scalar(grep { $works{$action}->() } @keys), "\n";
}

sub server {
    my ($address, $weight) = $_[0] =~ /(.*):(.*)/;
    return { address => $address, weight => $weight };
}
