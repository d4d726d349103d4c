%% @doc Keeps the default continuum like its servers file, as libketama does: a process for the
%% user's own supervisor.
%%
%% ```
%% init([]) ->
%%     {ok, {#{}, [ketama_watcher:child_spec(#{servers_file => "/etc/ketama.servers"})]}}.
%% '''
%%
%% It makes the default continuum when it starts, reads the file every interval, and swaps the
%% default when the contents have changed and have stayed the same for a moment, so that a file
%% that is just being written is not taken. A file that is missing or wrong is logged once and leaves
%% the old continuum in place. Each swap logs a notice.
%%
%% Even so, rename a new file into place: half a file that ends with a line is a right one.
-module(ketama_watcher).

-behaviour(gen_server).

-export([child_spec/1, start_link/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-export_type([options/0]).

-include_lib("kernel/include/logger.hrl").

-type options() ::
    #{
        servers_file := file:filename_all(),
        interval => milliseconds(),
        dialect => ketama:dialect(),
        hash => ketama:hash_name(),
        hash_tag => <<_:16>>,
        ketama_points => pos_integer()
    }
    | [{atom(), term()}].
%% The interval is a second by default. The others are the options of {@link ketama:new/2}. A list of
%% pairs does as well.
-type milliseconds() :: 1..16#FFFFFFFF.

%% For as long, in milliseconds, changed contents must stay the same.
-define(SETTLE, 100).

-record(watcher, {
    file :: file:filename_all(),
    interval :: milliseconds(),
    options :: ketama:options(),
    %% The contents of the default continuum.
    current :: ketama_source:read() | undefined,
    %% Other contents, seen at the last look.
    changed :: ketama_source:read() | undefined,
    %% What was last said to be wrong with the file.
    reported :: ketama:reason() | undefined
}).

%% @doc The specification of a supervisor's child that calls {@link start_link/1}.
-spec child_spec(options()) -> supervisor:child_spec().
child_spec(Options) ->
    #{id => ?MODULE, start => {?MODULE, start_link, [Options]}}.

%% @doc Starts the watcher, registered as `ketama_watcher'. Fails where the file is missing or wrong,
%% unless there is a default continuum already. An unknown option raises `badarg'.
-spec start_link(options()) -> {ok, pid()} | {error, ketama:reason() | {already_started, pid()}}.
start_link(#{servers_file := File} = Options) when is_list(File); is_binary(File) ->
    Interval = maps:get(interval, Options, 1000),
    is_integer(Interval) andalso Interval >= 1 andalso Interval =< 16#FFFFFFFF orelse
        error(badarg, [Options]),
    Others = maps:without([servers_file, interval], Options),
    %% Raises badarg for what is no option.
    _ = ketama:new([], Others),
    Watcher = #watcher{file = File, interval = Interval, options = Others},
    Contents = contents(Watcher),
    Contents =/= {error, badarg} orelse error(badarg, [Options]),
    gen_server:start_link({local, ?MODULE}, ?MODULE, {Contents, Watcher}, []);
start_link(Options) when is_list(Options) ->
    start_link(ketama_options:to_map(Options));
start_link(Options) ->
    error(badarg, [Options]).

%% @private
init({Contents, #watcher{interval = Interval} = Watcher}) ->
    case take(Contents, Watcher) of
        {{ok, _}, Taken} ->
            {ok, again(Interval, Taken)};
        {{error, Reason}, Failed} ->
            case default() of
                undefined -> {stop, Reason};
                _ -> {ok, again(Interval, Failed)}
            end
    end.

%% @private
handle_call(reload, _From, #watcher{current = Current} = Watcher) ->
    case contents(Watcher) of
        Current ->
            {reply, unchanged, unchanged(Watcher)};
        Contents ->
            {Reply, Taken} = take(Contents, Watcher),
            {reply, Reply, Taken}
    end.

%% @private
handle_cast(_Message, Watcher) ->
    {noreply, Watcher}.

%% @private
handle_info(look, Watcher) ->
    {noreply, look(contents(Watcher), Watcher)};
handle_info(_Message, Watcher) ->
    {noreply, Watcher}.

look(Current, #watcher{current = Current, interval = Interval} = Watcher) ->
    again(Interval, unchanged(Watcher));
look(Changed, #watcher{changed = Changed, interval = Interval} = Watcher) ->
    {_, Taken} = take(Changed, Watcher),
    again(Interval, Taken);
look(Contents, #watcher{interval = Interval} = Watcher) ->
    again(min(?SETTLE, Interval), Watcher#watcher{changed = Contents}).

unchanged(Watcher) ->
    Watcher#watcher{changed = undefined, reported = undefined}.

again(Delay, Watcher) ->
    _ = erlang:send_after(Delay, self(), look),
    Watcher.

contents(#watcher{file = File}) ->
    file:read_file(File).

take(Contents, #watcher{file = File, options = Options, reported = Reported} = Watcher) ->
    case ketama_source:new(File, Contents, Options) of
        {ok, New} ->
            {{ok, swap(Watcher, default(), New)}, unchanged(Watcher#watcher{current = Contents})};
        {error, Reason} ->
            Reason =:= Reported orelse
                ?LOG_ERROR("ketama: ~ts Until then ~tp is not taken, and the servers stay.", [
                    ketama:format_error(Reason), File
                ]),
            {{error, Reason}, Watcher#watcher{reported = Reason}}
    end.

swap(_Watcher, undefined, New) ->
    ok = ketama_nif:set_default(New),
    1.0;
swap(#watcher{file = File, current = Current}, Old, New) ->
    Moved = moved(Old, New),
    ok = ketama_nif:set_default(New),
    %% A watcher that starts anew and finds what it left has nothing to say.
    (Current =/= undefined orelse Moved > 0) andalso notice(File, weights(Old), weights(New), Moved),
    Moved.

%% All keys count as moved where somebody else has put a continuum that hashes them in another way in
%% the place of the watcher's, and where there are too many other servers to count: with modula nearly all
%% are.
moved(Old, New) ->
    try
        ketama_nif:moved(Old, New)
    catch
        error:badarg ->
            1.0;
        error:system_limit ->
            case ketama:servers(Old) =:= ketama:servers(New) of
                true -> 0.0;
                false -> 1.0
            end
    end.

notice(File, Before, After, Moved) ->
    ?LOG_NOTICE(
        "ketama: ~tp has changed: added ~s; removed ~s; re-weighted ~s; ~.2f% of the keys moved.",
        [
            File,
            names(maps:without(maps:keys(Before), After)),
            names(maps:without(maps:keys(After), Before)),
            names(maps:filter(fun(Name, Weight) -> maps:get(Name, Before, Weight) =/= Weight end, After)),
            100 * Moved
        ]
    ).

weights(Continuum) ->
    maps:from_list([{Name, Weight} || {Name, Weight, _} <- ketama:servers(Continuum)]).

names(Weights) when map_size(Weights) =:= 0 -> "none";
names(Weights) -> lists:join(", ", maps:keys(Weights)).

default() ->
    try
        ketama_nif:default()
    catch
        error:not_started -> undefined;
        %% The shared library is not loaded.
        error:undef -> undefined
    end.
