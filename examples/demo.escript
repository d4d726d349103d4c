#!/usr/bin/env escript
%% Prints the servers of a few keys, and the share of each server. Usage: demo.escript SERVERS_FILE
-mode(compile).

-define(KEYS, ["user:123", "user:124", "session:9f3c", "page:/index.html", "foo"]).

main([File]) ->
    case ketama:new(File) of
        {ok, Continuum} -> show(Continuum);
        {error, Reason} -> io:format(standard_error, "~ts~n", [ketama:format_error(Reason)]), halt(1)
    end.

show(Continuum) ->
    io:format("~nWhere keys live:~n~n"),
    [io:format("  ~-18s ~s~n", [Key, ketama:getserver(Continuum, Key)]) || Key <- ?KEYS],
    io:format("~nThe share of each server:~n~n"),
    io:format("  ~-18s ~7s ~7s~n", ["server", "weight", "share"]),
    Shares = maps:from_list(ketama:shares(Continuum)),
    [
        begin
            #{Server := Share} = Shares,
            Bar = lists:duplicate(round(Share * 80), $#),
            io:format("  ~-18s ~7b ~6.1f% ~s~n", [Server, Weight, Share * 100, Bar])
        end
     || {Server, Weight, _} <- ketama:servers(Continuum)
    ],
    io:nl().
